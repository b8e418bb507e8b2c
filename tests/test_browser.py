"""Which opener is used, and how it is started."""

import os
import sys
import time
from pathlib import Path

import pytest

from ssohelper.system import browser
from tests.conftest import Home

URL = "https://d-0000000000.awsapps.com/start?a=b&c=$(id)"


@pytest.fixture
def opener(tmp_path: Path) -> Path:
    program = tmp_path / "bin" / "opener"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\nprintf "%s\\n" "$@" > "$NOTES.part"; mv "$NOTES.part" "$NOTES"\n'
    )
    program.chmod(0o755)
    return program


def test_browser_names_the_opener_with_its_words(opener: Path) -> None:
    environ = {"BROWSER": f"{opener} --new 'a b' %s --end"}
    found = browser.find_opener(environ)
    assert found == (str(opener), "--new", "a b", "%s", "--end")
    assert browser.command_of(found, URL) == [str(opener), "--new", "a b", URL, "--end"]


def test_the_address_goes_last_without_a_place_for_it(opener: Path) -> None:
    found = browser.find_opener({"BROWSER": str(opener)})
    assert found is not None
    assert browser.command_of(found, URL) == [str(opener), URL]


def test_within_an_address_of_an_extension_the_address_is_a_value() -> None:
    opener = ("/usr/bin/firefox", "--new-tab", "ext+container:name=corp&url=%s", "%s")
    assert browser.command_of(opener, URL) == [
        "/usr/bin/firefox",
        "--new-tab",
        "ext+container:name=corp&url=https%3A%2F%2Fd-0000000000.awsapps.com%2Fstart%3Fa%3Db"
        "%26c%3D%24%28id%29",
        URL,
    ]


def test_the_setting_of_the_session_wins_over_browser(opener: Path) -> None:
    found = browser.find_opener({"BROWSER": "/bin/true"}, f"{opener} -P corp")
    assert found == (str(opener), "-P", "corp")


def test_a_set_browser_means_there_is_one_even_over_ssh(opener: Path) -> None:
    environ = {"BROWSER": str(opener), "SSH_CONNECTION": "a", "CI": "true"}
    assert browser.can_show_a_browser(environ)


@pytest.mark.parametrize("mark", ["SSH_CONNECTION", "SSH_TTY", "CI"])
def test_no_browser_is_seen_elsewhere(mark: str, opener: Path) -> None:
    environ = {"DISPLAY": ":0", "PATH": str(opener.parent), mark: "true"}
    opener.rename(opener.with_name("xdg-open"))
    assert not browser.can_show_a_browser(environ)


@pytest.mark.parametrize(
    "said",
    [
        "lynx",
        "/usr/bin/w3m",
        "w3m %s",
        "relative/opener",
        "./opener",
        "%s",
        "no-such-program",
        "/no/such/program",
        "'unbalanced",
        "opener; touch /tmp/x",
    ],
)
def test_what_is_no_usable_opener_is_refused(said: str, opener: Path) -> None:
    assert browser.find_opener({"BROWSER": said, "PATH": "/nowhere"}) is None


def test_a_console_browser_behind_a_link_is_refused(opener: Path) -> None:
    console = opener.with_name("w3m")
    opener.rename(console)
    opener.symlink_to(console)
    assert browser.find_opener({"BROWSER": str(opener)}) is None


def test_a_program_in_the_current_folder_is_not_found(
    opener: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = {"BROWSER": "opener", "PATH": str(opener.parent)}
    assert browser.find_opener(elsewhere) == (str(opener),)
    monkeypatch.chdir(opener.parent)
    assert browser.find_opener(elsewhere) is None
    assert browser.find_opener({"BROWSER": "opener", "PATH": ".:"}) is None


def test_several_openers_may_be_named(opener: Path) -> None:
    assert browser.find_opener({"BROWSER": f"/no/such:{opener}"}) == (str(opener),)


def test_no_shell_reads_the_address(home: Home, opener: Path) -> None:
    notes = home.path / "notes"
    environ = {**home.env, "NOTES": str(notes)}
    url = f"https://x.awsapps.com/;touch${{IFS}}{home.path}/pwned`touch {home.path}/pwned`"
    assert browser.start((str(opener), "%s"), url, environ)
    _wait_for(notes)
    assert notes.read_text() == url + "\n"
    assert not (home.path / "pwned").exists()


def test_the_opener_gets_no_terminal_and_a_session_of_its_own(home: Home) -> None:
    program, notes = home.path / "look", home.path / "notes"
    program.write_text(
        f"#!{sys.executable}\nimport os\n"
        "seen = [os.readlink(f'/proc/self/fd/{n}') for n in (0, 1, 2)]\n"
        f"open('{notes}.part', 'w').write(f'{{os.getsid(0)}} {{seen}}')\n"
        f"os.rename('{notes}.part', '{notes}')\n"
    )
    program.chmod(0o755)
    assert browser.start((str(program),), URL, home.env)
    _wait_for(notes)
    session, streams = notes.read_text().split(" ", 1)
    assert int(session) != os.getsid(0)
    assert streams == str(["/dev/null"] * 3)


def test_an_opener_that_cannot_start_is_false(home: Home) -> None:
    assert not browser.start(("/no/such",), URL, home.env)


def _wait_for(path: Path) -> None:
    ends_at = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < ends_at, f"{path} did not appear"
        time.sleep(0.01)
