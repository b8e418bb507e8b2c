"""Which program opens the browser, and how it is started."""

import os
import sys
from pathlib import Path

import pytest

from ssohelper.system import browser
from tests.torture.ground import wait_for

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


@pytest.mark.parametrize(
    ("environ", "setting", "words", "urls"),
    [
        ("{} --new 'a b' %s --end", None, ["--new", "a b", "%s", "--end"], [URL, "--end"]),
        ("{}", None, [], [URL]),  # without a placeholder the URL comes last
        ("/no/such:{}", None, [], [URL]),  # the first usable one is taken
        ("/bin/true", "{} -P corp", ["-P", "corp"], [URL]),  # the session's setting wins
    ],
)
def test_the_setting_or_the_browser_variable_names_the_opener_and_its_arguments(
    opener, environ, setting, words, urls
):
    # BROWSER counts even where the user sees no browser of this host.
    remote = {"BROWSER": environ.format(opener), "SSH_CONNECTION": "a", "CI": "true"}
    found = browser.find_opener(remote, setting and setting.format(opener))
    assert found == (str(opener), *words)
    assert browser.command_to_open_url(found, URL)[-len(urls) :] == urls


def test_in_an_extensions_url_the_url_is_percent_encoded():
    opener = ("/usr/bin/firefox", "--new-tab", "ext+container:name=corp&url=%s", "%s")
    assert browser.command_to_open_url(opener, URL) == [
        "/usr/bin/firefox",
        "--new-tab",
        "ext+container:name=corp&url=https%3A%2F%2Fd-0000000000.awsapps.com%2Fstart%3Fa%3Db"
        "%26c%3D%24%28id%29",
        URL,
    ]


@pytest.mark.parametrize("mark", ["SSH_CONNECTION", "SSH_TTY", "CI"])
def test_there_is_no_opener_where_the_user_sees_no_browser(mark, opener):
    environ = {"DISPLAY": ":0", "PATH": str(opener.parent), mark: "true"}
    opener.rename(opener.with_name("xdg-open"))
    assert not browser.find_opener(environ)


@pytest.mark.parametrize(
    "said",
    [
        *("lynx", "/usr/bin/w3m", "w3m %s", "relative/opener", "./opener", "%s"),
        *("no-such-program", "/no/such/program", "'unbalanced", "opener; touch /tmp/x"),
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


def test_no_shell_parses_the_url(home, opener):
    notes = home.path / "notes"
    environ = {**home.env, "NOTES": str(notes)}
    url = f"https://x.awsapps.com/;touch${{IFS}}{home.path}/pwned`touch {home.path}/pwned`"
    assert browser.start_opener((str(opener), "%s"), url, environ)
    assert wait_for(notes.exists)
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
    assert wait_for(notes.exists)
    session, streams = notes.read_text().split(" ", 1)
    assert int(session) != os.getsid(0)
    assert streams == str(["/dev/null"] * 3)


def test_start_returns_false_when_the_opener_cannot_start(home):
    assert not browser.start_opener(("/no/such",), URL, home.env)


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
