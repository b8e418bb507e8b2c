"""Which program opens the browser, and how it is started."""

import os
import sys
import time
from pathlib import Path

import pytest

from ssohelper.system import browser

URL = "https://d-0000000000.awsapps.com/start?a=b&c=$(id)"


@pytest.fixture
def opener(tmp_path) -> Path:
    program = tmp_path / "bin" / "opener"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\nprintf "%s\\n" "$@" > "$NOTES.part"; mv "$NOTES.part" "$NOTES"\n'
    )
    program.chmod(0o755)
    return program


def test_the_browser_variable_names_the_opener_and_its_arguments(opener):
    environ = {"BROWSER": f"{opener} --new 'a b' %s --end"}
    found = browser.find_opener(environ)
    assert found == (str(opener), "--new", "a b", "%s", "--end")
    assert browser.command_to_open_url(found, URL) == [str(opener), "--new", "a b", URL, "--end"]


def test_without_a_placeholder_the_url_is_the_last_argument(opener):
    found = browser.find_opener({"BROWSER": str(opener)})
    assert found is not None
    assert browser.command_to_open_url(found, URL) == [str(opener), URL]


def test_in_an_extensions_url_the_url_is_percent_encoded():
    opener = ("/usr/bin/firefox", "--new-tab", "ext+container:name=corp&url=%s", "%s")
    assert browser.command_to_open_url(opener, URL) == [
        "/usr/bin/firefox",
        "--new-tab",
        "ext+container:name=corp&url=https%3A%2F%2Fd-0000000000.awsapps.com%2Fstart%3Fa%3Db"
        "%26c%3D%24%28id%29",
        URL,
    ]


def test_the_setting_of_the_session_wins_over_browser(opener):
    found = browser.find_opener({"BROWSER": "/bin/true"}, f"{opener} -P corp")
    assert found == (str(opener), "-P", "corp")


def test_with_browser_set_there_is_an_opener_even_over_ssh(opener):
    environ = {"BROWSER": str(opener), "SSH_CONNECTION": "a", "CI": "true"}
    assert browser.find_opener(environ)


@pytest.mark.parametrize("mark", ["SSH_CONNECTION", "SSH_TTY", "CI"])
def test_there_is_no_opener_where_the_user_sees_no_browser(mark, opener):
    environ = {"DISPLAY": ":0", "PATH": str(opener.parent), mark: "true"}
    opener.rename(opener.with_name("xdg-open"))
    assert not browser.find_opener(environ)


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
def test_an_unusable_opener_is_refused(said, opener):
    assert browser.find_opener({"BROWSER": said, "PATH": "/nowhere"}) is None


def test_a_console_browser_behind_a_link_is_refused(opener):
    console = opener.with_name("w3m")
    opener.rename(console)
    opener.symlink_to(console)
    assert browser.find_opener({"BROWSER": str(opener)}) is None


def test_a_program_in_the_current_folder_is_not_found(opener, monkeypatch):
    elsewhere = {"BROWSER": "opener", "PATH": str(opener.parent)}
    assert browser.find_opener(elsewhere) == (str(opener),)
    monkeypatch.chdir(opener.parent)
    assert browser.find_opener(elsewhere) is None
    assert browser.find_opener({"BROWSER": "opener", "PATH": ".:"}) is None


def test_the_first_usable_opener_of_several_is_taken(opener):
    assert browser.find_opener({"BROWSER": f"/no/such:{opener}"}) == (str(opener),)


def test_no_shell_parses_the_url(home, opener):
    notes = home.path / "notes"
    environ = {**home.env, "NOTES": str(notes)}
    url = f"https://x.awsapps.com/;touch${{IFS}}{home.path}/pwned`touch {home.path}/pwned`"
    assert browser.start_opener((str(opener), "%s"), url, environ)
    _wait_for(notes)
    assert notes.read_text() == url + "\n"
    assert not (home.path / "pwned").exists()


def test_the_opener_gets_no_terminal_and_a_session_of_its_own(home):
    program, notes = home.path / "look", home.path / "notes"
    program.write_text(
        f"#!{sys.executable}\nimport os\n"
        "seen = [os.readlink(f'/proc/self/fd/{n}') for n in (0, 1, 2)]\n"
        f"open('{notes}.part', 'w').write(f'{{os.getsid(0)}} {{seen}}')\n"
        f"os.rename('{notes}.part', '{notes}')\n"
    )
    program.chmod(0o755)
    assert browser.start_opener((str(program),), URL, home.env)
    _wait_for(notes)
    session, streams = notes.read_text().split(" ", 1)
    assert int(session) != os.getsid(0)
    assert streams == str(["/dev/null"] * 3)


def test_start_returns_false_when_the_opener_cannot_start(home):
    assert not browser.start_opener(("/no/such",), URL, home.env)


def _wait_for(path: Path) -> None:
    ends_at = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < ends_at, f"{path} did not appear"
        time.sleep(0.01)


class TestDesktop:
    """Without a setting and BROWSER, the desktop's own program opens the URL."""

    @pytest.fixture(autouse=True)
    def _no_container(self, monkeypatch):
        monkeypatch.setattr(browser, "_CONTAINER_FILES", ())

    @pytest.mark.parametrize(
        ("present", "more", "found"),
        [
            (["xdg-open", "firefox"], {"DISPLAY": ":0"}, "xdg-open"),
            (["firefox"], {"WAYLAND_DISPLAY": "wayland-0"}, "firefox"),
            (["xdg-open"], {}, None),
            ([], {"DISPLAY": ":0"}, None),
            (["wslview", "xdg-open"], {"WSL_DISTRO_NAME": "Debian"}, "wslview"),
            (["xdg-open"], {"WSL_DISTRO_NAME": "Debian"}, None),
        ],
    )
    def test_on_linux_it_needs_a_display_or_wsl(self, tmp_path, present, more, found):
        for name in present:
            (tmp_path / name).write_text("#!/bin/sh\n")
            (tmp_path / name).chmod(0o755)
        expected = None if found is None else (str(tmp_path / found),)
        assert browser.find_opener({"PATH": str(tmp_path), **more}) == expected

    def test_macos_and_windows_have_one_of_their_own(self, monkeypatch):
        monkeypatch.setattr(browser.sys, "platform", "darwin")
        assert browser.find_opener({}) == ("/usr/bin/open",)
        monkeypatch.setattr(browser.sys, "platform", "win32")
        program, action = browser.find_opener({"SYSTEMROOT": "/win"}) or ("", "")
        assert program.startswith("/win")
        assert program.endswith("rundll32.exe")
        assert action == "url.dll,FileProtocolHandler"
