"""A session over ssh, without a display: a code in place of a browser, a link in place of a tab."""

import pytest

from tests.conftest import Home

DEV = "000040000001"


@pytest.fixture
def over_ssh(home, emulator) -> Home:
    home.add_session("corp")
    home.env.update(
        SSH_CONNECTION="192.0.2.1 50000 192.0.2.2 22",
        SSH_CLIENT="192.0.2.1 50000 22",
        SSH_TTY="/dev/pts/9",
        TERM="xterm-256color",
    )
    return home


def test_login_shows_a_code_and_console_a_link(over_ssh, emulator, run, terminal):
    child = terminal("login", TERM="xterm-256color")
    child.expect("if the page shows this very code")
    child.expect("[B-Z]{4}-[B-Z]{4}")
    child.expect(f"{emulator.url}/device\\?user_code=[A-Z-]+")
    child.expect('signed in to "corp"')
    assert child.ended()[0] == 0
    assert emulator.counters["authorize"] == 0
    assert emulator.counters["CreateToken.device_code"] >= 1

    done = run("console", f"{DEV}/Developer", "--service", "logs")
    assert done.returncode == 0
    assert done.stdout.startswith(f"{emulator.world.start_url}/#/console?account_id={DEV}&")
    assert "open this link in any browser" in done.stderr
    assert emulator.counters["federation"] == 0

    shown = run("exec", f"{DEV}/Developer", "--", "/bin/sh", "-c", "echo $AWS_ACCESS_KEY_ID")
    identity = emulator.issued.get(shown.stdout.strip())
    assert identity is not None
    assert (identity.account_id, identity.role_name) == (DEV, "Developer")


def test_a_forwarded_display_changes_nothing_and_a_named_browser_does(over_ssh, emulator, run):
    """`ssh -X`: a browser over the line is a choice to be made, by BROWSER or the settings."""
    display = {"DISPLAY": "localhost:10.0"}
    for count, options in ((0, []), (1, ["--force"])):
        assert run("login", *options, env=display).returncode == 0
        assert emulator.counters["authorize"] == count
        over_ssh.browser()
