"""Another user cannot end a sign-in, take it over, or learn its state."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.people import redirect_target_of
from tests.two_users.conftest import ADDRESSES, HUNG_UP, User, visit, wait_for


class Login:
    """A `login` that runs, with the address of its page as the victim's terminal shows it."""

    def __init__(self, victim: User, *more: str) -> None:
        self.running = victim.start("login", "corp", *more)
        wait_for(lambda: self.url is not None)

    @property
    def url(self) -> str | None:
        found = re.search(r"http://\S+/(authorize|device)\?\S+", self.running.said)
        return found and found.group()

    @property
    def query(self) -> dict[str, str]:
        assert self.url
        return {name: values[0] for name, values in parse_qs(urlsplit(self.url).query).items()}

    def callback(self, **query: str) -> str:
        words = "&".join(f"{name}={value}" for name, value in query.items())
        return f"{self.query['redirect_uri']}?{words}"


@pytest.fixture
def opened(victim, emulator) -> Path:
    """The victim's browser only notes the address that it got."""
    notes = victim.home.browser(visits=False)
    victim.give(victim.home.path)
    return notes


@pytest.fixture
def login(victim, opened) -> Iterator[Login]:
    running = Login(victim)
    wait_for(opened.exists)
    yield running
    running.running.ends(signal.SIGKILL)


@pytest.mark.parametrize("via", ADDRESSES)
def test_another_users_callback_changes_nothing_with_state(login, opened, attacker, victim, via):
    address, state = opened.read_text().strip(), login.query["state"]
    assert visit(attacker, address, via=via) in HUNG_UP
    for query in (
        {"error": "access_denied", "state": state},
        {"code": "evil", "state": state},
        {"error": "access_denied"},
        {"code": "evil", "state": "wrong"},
    ):
        assert visit(attacker, login.callback(**query), via=via) in HUNG_UP
    # The user of a client that hangs up at once is unknown: its refusal does not count.
    for _ in range(20):
        url = login.callback(error="access_denied", state=state)
        visit(attacker, url, via=via, then="close")
    assert login.running.process.poll() is None
    # The victim's own browser still gets the page, and signs in.
    assert "Sign-in received" in follow(victim, address)
    assert login.running.ends() == 0
    assert 'signed in to "corp"' in login.running.said


def test_the_callbacks_of_this_user_and_of_root_are_taken(victim, opened, emulator):
    for person, via in ((victim, ADDRESSES[0]), (victim, ADDRESSES[1]), (None, "")):
        opened.unlink(missing_ok=True)
        running = Login(victim, "--force")
        wait_for(opened.exists)
        url = running.callback(error="access_denied", state=running.query["state"])
        if person is None:
            # The test runs as root, so this is root's visit.
            redirect_target_of(opened.read_text().strip())
            subprocess.run(["curl", "-sS", url], check=True, capture_output=True)
        else:
            assert "200 OK" in visit(person, url, via=via)
        assert running.running.ends() == 4
        assert "refused in the browser" in running.running.said


@pytest.mark.parametrize("flow", ["--force", "--device-code"])
def test_what_a_page_is_asked_with_is_in_no_process_list(victim, opened, emulator, attacker, flow):
    """The browser's command keeps running, and all users can read its arguments."""
    emulator.auto_approve = None
    program = Path(victim.home.env["BROWSER"])
    program.write_text(program.read_text() + "sleep 300\n")
    running = Login(victim, flow)
    wait_for(opened.exists)
    try:
        address = opened.read_text().strip()
        show = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"
        listed = attacker.run("/bin/sh", "-c", show)
        assert address in listed.stdout, "the browser's command has been there"
        names = ("state", "code_challenge") if flow == "--force" else ("user_code",)
        for name in names:
            assert running.query[name] not in listed.stdout
    finally:
        # Kill what the user has left running; no other process has this user id.
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if process.stat().st_uid == victim.uid:
                    os.kill(int(process.name), signal.SIGKILL)
        running.running.ends()


def follow(user: User, address: str) -> str:
    """Open the address as a browser does: all redirects are followed."""
    script = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=30).read())"
    done = user.python(script, address)
    assert done.returncode == 0, done.stderr
    return done.stdout
