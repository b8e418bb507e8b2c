"""The endpoint answers from the published response, by the launcher's rule, without an App."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssohelper.core.config_file import ConfigFile
from ssohelper.emulator.server import Emulator
from ssohelper.fastpath import folders
from tests.conftest import Home
from tests.endpoint.world import Served, served

GUARD = '[guard]\nrules = ["*/*"]\n'


def count_requests_with_app(endpoint: Served) -> Callable[[], int]:
    """Return a function that says how many requests have made an App since this call."""
    made, make = [], endpoint.serving._make_app

    def make_and_count(*words: object, **more: object) -> object:
        if threading.current_thread().name.startswith("ssohelper-answer"):
            made.append(None)
        return make(*words, **more)

    endpoint.serving._make_app = make_and_count  # type: ignore[assignment]
    return lambda: len(made)


@contextmanager
def served_with_hits(home: Home, emulator: Emulator) -> Iterator[Served]:
    """Run an endpoint whose background thread has no reason to renew credentials."""
    with served(home, emulator) as endpoint:
        endpoint.serving.background.do_one_round()
        yield endpoint


def write_settings(home: Home, text: str) -> None:
    path = Path(folders.settings_file(home.env))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def touch_config(home: Home) -> None:
    home.write_config(home.config_file.read_text() + "\n[profile more]\n")


def test_a_hit_makes_no_app(home, emulator):
    with served_with_hits(home, emulator) as endpoint:
        count = count_requests_with_app(endpoint)
        answers = [endpoint.get() for _ in range(5)]
    assert answers == [answers[0]] * 5
    assert (answers[0].status, count()) == (200, 0)


def test_a_request_that_is_no_hit_does_not_parse_the_config_again(home, emulator, monkeypatch):
    """To parse 5,000 profiles takes 40 ms, which each request for a guarded role would take."""
    home.env["SSOHELPER_ALLOW"] = "*/*"
    with served_with_hits(home, emulator) as endpoint:
        count = count_requests_with_app(endpoint)
        monkeypatch.setattr(ConfigFile, "parse", None)
        assert (endpoint.get().status, count()) == (200, 1)


# What is changed, and the status of the next answer.
CHANGES: dict[str, tuple[Callable[[Home], object], int]] = {
    "sign-out": (lambda home: [path.unlink() for path in home.token_folder.glob("*.json")], 401),
    "a guard rule": (lambda home: write_settings(home, GUARD), 403),
    "the company's policy": (lambda home: Path(folders.COMPANY_POLICY).write_text(GUARD), 403),
    "the config": (touch_config, 200),
    "other settings": (lambda home: write_settings(home, "notify = []\n"), 200),
}


@pytest.mark.parametrize("name", CHANGES)
def test_after_a_change_the_next_answer_is_no_hit(home, emulator, monkeypatch, name):
    monkeypatch.setattr(folders, "COMPANY_POLICY", str(home.path / "policy.toml"))
    change, status = CHANGES[name]
    with served_with_hits(home, emulator) as endpoint:
        count = count_requests_with_app(endpoint)
        assert (endpoint.get().status, count()) == (200, 0)
        change(home)
        assert (endpoint.get().status, count()) == (status, 1)
