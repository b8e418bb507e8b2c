"""Saving, replacing and removing views of the list of roles."""

import json
from pathlib import Path
from typing import Any

import pytest

from ssohelper.actions import list_view
from ssohelper.core.role_tree import MOST_SAVED, RoleListView, SavedView
from ssohelper.errors import UsageProblem
from tests.actions.world import WorldApp

VIEW = SavedView("pay", RoleListView(sort="name"))


@pytest.fixture
def app(tmp_path: Path) -> WorldApp:
    return WorldApp(tmp_path)


def test_a_view_is_saved_replaced_and_removed_alone(app: WorldApp) -> None:
    for name in ("one", "two"):
        list_view.save_named_view(app, name, VIEW)
    changed = VIEW._replace(query="dev")
    for replaces in (None, changed._replace(query="prod")):
        with pytest.raises(list_view.ViewExists) as found:
            list_view.save_named_view(app, "two", changed, replaces)
        assert found.value.view == VIEW
    list_view.save_named_view(app, "two", changed, replaces=VIEW)
    list_view.save_named_view(app, "two", changed)  # saving the same view again needs no `replaces`
    assert list_view.load_saved_views(app) == {"one": VIEW, "two": changed}
    list_view.remove_saved_view(app, "one")
    list_view.remove_saved_view(app, "nowhere")
    assert list_view.load_saved_views(app) == {"two": changed}


@pytest.mark.parametrize("name", ["", "-x", "x" * 41, "a\n"])
def test_a_name_that_a_list_cannot_show_is_refused(app: WorldApp, name: str) -> None:
    with pytest.raises(UsageProblem):
        list_view.save_named_view(app, name, VIEW)
    assert list_view.load_saved_views(app) == {}


def test_no_more_views_are_saved_than_can_be_listed_but_each_can_be_replaced(
    app: WorldApp,
) -> None:
    full = {f"view {number}": VIEW for number in range(MOST_SAVED)}
    app.list_view.update_saved_views(lambda _: full, app.clock.deadline(5))
    with pytest.raises(UsageProblem, match="saved already"):
        list_view.save_named_view(app, "one more", VIEW)
    changed = VIEW._replace(query="dev")
    list_view.save_named_view(app, "view 7", changed, replaces=VIEW)
    assert list_view.load_saved_views(app) == {**full, "view 7": changed}


def test_views_in_a_folder_that_cannot_be_read_are_a_warning(
    app: WorldApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> bool:
        raise OSError("disk error")

    monkeypatch.setattr(app.list_view, "has_unreadable_views", fail)
    assert list_view.load_saved_views(app) == {}
    assert app.warnings == ["the saved views cannot be read: disk error"]


@pytest.mark.parametrize(
    ("broken", "shown"),
    [
        ({"views": ["fine", {"name": "x" * 41}]}, ["fine"]),
        ({"views": ["fine", {"query": 1}, {"view": {"version": 2}}]}, ["fine"]),
        ({"views": ["fine", "fine"]}, ["fine"]),
        ({"version": 2, "views": ["fine"]}, []),
        ({"views": 1}, []),
    ],
)
def test_views_that_cannot_be_read_hide_no_others_and_are_kept_aside(
    app: WorldApp, broken: dict[str, object], shown: list[str]
) -> None:
    list_view.save_named_view(app, "fine", VIEW)
    path = app.locations.state_folder / "saved-views.json"
    document = json.loads(path.read_text())
    [fine] = document["views"]
    document |= broken
    if isinstance(document["views"], list):
        changes: list[Any] = document["views"]
        document["views"] = [fine | ({} if one == "fine" else one) for one in changes]
    path.write_text(json.dumps(document))
    assert list(list_view.load_saved_views(app)) == shown
    list_view.save_named_view(app, "one more", VIEW)
    assert list(list_view.load_saved_views(app)) == [*shown, "one more"]
    assert json.loads(path.with_name("saved-views.json.damaged").read_text()) == document
    assert sum("are not shown" in one for one in app.warnings) == (broken["views"] != ["fine"] * 2)
    assert sum("saved-views.json.damaged" in one for one in app.warnings) == 1
