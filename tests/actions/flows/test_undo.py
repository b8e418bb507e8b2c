"""An undo takes back all that the last command wrote, or nothing, the same in each front end."""

from pathlib import Path

import pytest

from ssohelper.actions import config_writing, guards, install, own_settings, undoing
from ssohelper.actions.flows import undo
from ssohelper.actions.flows.dialogue import Dialogue
from ssohelper.actions.flows.setting_change import WORD
from ssohelper.app import App
from ssohelper.core.config_edit import AddSection
from ssohelper.core.other_writes import OtherWrites
from tests.actions.flows.front_ends import Script, run_in_each

CONFIG = "# mine\n[profile mine]\nregion = eu-west-1\n"
RC = "# my rc\n"
KEY, RULE = "guard.rules", "*/Admin"


def write(app: App) -> dict[Path, bytes]:
    """Write config, setting and rc file as one command. Return the files' contents before it."""
    config, rc = app.locations.aws_config_file, Path(app.environ["HOME"], ".bashrc")
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(CONFIG)
    rc.write_text(RC)
    before = {config: config.read_bytes(), rc: rc.read_bytes()}
    edit = install.plan_rc_file_install(app, "bash")
    add = AddSection("profile new", (("region", "eu-west-1"),))
    others = OtherWrites({KEY: (None, [RULE])}, (edit,))
    config_writing.write_changes(app, "setup", before[config], [add], others=others)
    own_settings.change_setting(app, KEY, [RULE], "setup")
    install.write_file_edit(app, edit)
    return before


def take_back(app: App, dialogue: Dialogue) -> bool:
    return undo.undo_last_command(app, dialogue, undoing.plan_undo(app))


def contents(before: dict[Path, bytes]) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in before}


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        (["y", WORD], "True"),
        (["n"], "False"),
        (["y", "wrong"], f"Refused: {guards.WRONG_WORD}"),
        (["y", None], "Interrupted"),
    ],
)
def test_all_parts_are_restored_or_none_in_each_front_end(home, answers, result):
    app = App(home.env)
    before = write(app)
    found = []

    def note_and_repeat() -> None:
        rules = App(home.env).read_settings().guard_rules()
        found.append((contents(before) == before, rules))
        if contents(before) == before:
            write(App(home.env))

    got, script = run_in_each(home.env, take_back, answers, note_and_repeat)
    is_done = result == "True"
    assert got == result
    assert found == [(is_done, () if is_done else (RULE,))] * 3
    assert f"undo the last change of {app.locations.settings_file}, " in script.questions[0]
    events = [(line.event, line.fields.get("command")) for line in app.journal.read().lines]
    assert (("config-write", "undo") in events) is is_done


def test_other_edits_stay_and_an_edited_part_stops_the_whole_undo(home):
    app = App(home.env)
    config, rc = write(app)
    rc.write_text(f"{rc.read_text()}# late\n")
    config.write_text(f"{config.read_text()}\n[profile late]\nregion = eu-west-1\n")
    written, block = contents({config: b"", rc: b""}), rc.read_text()
    edits = {
        rc: lambda: rc.write_text(block.replace("Added by", "I edited")),
        config: lambda: config.write_text(
            config.read_text().replace("new]\n", "new]\noutput = x\n")
        ),
        KEY: lambda: own_settings.change_setting(app, KEY, [RULE, "*/Other"]),
    }
    for place, edit in edits.items():
        edit()
        with pytest.raises(undoing.EditedSinceWrite, match="was edited since") as caught:
            undoing.plan_undo(app)
        assert str(place) in caught.value.message
        assert caught.value.diff
        for path, data in written.items():
            path.write_bytes(data)
    own_settings.change_setting(app, KEY, [RULE])
    assert take_back(app, Script(["y", WORD]))
    assert rc.read_text() == f"{RC}# late\n"
    assert config.read_text() == f"{CONFIG}\n[profile late]\nregion = eu-west-1\n"


def test_an_interrupted_undo_goes_on_and_commands_without_an_effect_are_skipped(home, monkeypatch):
    app = App(home.env)
    before = write(app)
    undoing.record_other_writes(app, OtherWrites({"form": (None, "sso")}))  # killed before it wrote

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(install, "write_file_edit", killed)
        with pytest.raises(Killed):
            take_back(app, Script(["y", WORD]))
    assert [contents(before)[path] == before[path] for path in before] == [True, False]
    assert take_back(App(home.env), Script(["y"]))
    assert contents(before) == before


def test_config_set_and_install_are_undone(run, home):
    rc = Path(home.env["HOME"], ".bashrc")
    rc.write_text(RC)
    for command in (
        "install --shell bash --yes",
        "config set form sso",
        "install --uninstall --yes",
    ):
        assert run(*command.split(), env={"SHELL": "/bin/bash"}).returncode == 0
    shown = [run("undo", "--yes").returncode for _ in range(3)]
    assert (shown, rc.read_text()) == ([0, 0, 0], RC)
    assert run("config", "get", "form").stdout == "process\n"
    assert run("undo", "--yes").returncode == 2
