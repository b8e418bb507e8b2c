"""Which program opens the browser, and how it is started."""

import os
import sys
from pathlib import Path

import pytest

from ssohelper.system import browser
from tests.torture.ground import wait_for

URL = "https://d-0000000000.awsapps.com/start?a=b&c=$(id)"


def make_program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def opener(tmp_path) -> Path:
    note = 'printf "%s\\n" "$@" > "$NOTES.part"; mv "$NOTES.part" "$NOTES"'
    return make_program(tmp_path / "bin" / "opener", f"#!/bin/sh\n{note}\n")


@pytest.mark.parametrize(
    ("environ", "setting", "words", "urls"),
    [
        ("{} --new 'a b' %s --end", None, ["--new", "a b", "%s", "--end"], [URL, "--end"]),
        ("{}", None, [], [URL]),  # without a placeholder the URL comes last
        ("/no/such:{}", None, [], [URL]),  # the first usable one is taken
        ("/bin/true", "{} -P corp", ["-P", "corp"], [URL]),  # the session's setting wins
    ],
)
def test_the_setting_or_the_variable_names_the_opener(opener, environ, setting, words, urls):
    # BROWSER counts even where the user sees no browser of this host.
    remote = {"BROWSER": environ.format(opener), "SSH_CONNECTION": "a", "CI": "true"}
    found = browser.find_opener(remote, setting and setting.format(opener))
    assert found == (str(opener), *words)
    assert browser.command_to_open_url(found, URL)[-len(urls) :] == urls


def test_in_an_extensions_url_the_url_is_percent_encoded():
    words = ["/usr/bin/firefox", "--new-tab", "ext+container:name=corp&url=%s", "%s"]
    quoted = "https%3A%2F%2Fd-0000000000.awsapps.com%2Fstart%3Fa%3Db%26c%3D%24%28id%29"
    command = browser.command_to_open_url(tuple(words), URL)
    assert command == [*words[:2], words[2].replace("%s", quoted), URL]


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
    console = opener.with_name("w3m")  # a console browser behind a link
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
    notes = home.path / "notes"
    program = make_program(
        home.path / "look",
        f"#!{sys.executable}\nimport os\n"
        "seen = [os.readlink(f'/proc/self/fd/{n}') for n in (0, 1, 2)]\n"
        f"open('{notes}.part', 'w').write(f'{{os.getsid(0)}} {{seen}}')\n"
        f"os.rename('{notes}.part', '{notes}')\n",
    )
    assert browser.start_opener((str(program),), URL, home.env)
    assert wait_for(notes.exists)
    session, streams = notes.read_text().split(" ", 1)
    assert int(session) != os.getsid(0)
    assert streams == str(["/dev/null"] * 3)
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
            make_program(tmp_path / name)
        expected = None if found is None else (str(tmp_path / found),)
        assert browser.find_opener({"PATH": str(tmp_path), **more}) == expected

    def test_macos_and_windows_have_one_of_their_own(self, monkeypatch):
        monkeypatch.setattr(browser.sys, "platform", "darwin")
        assert browser.find_opener({}) == ("/usr/bin/open",)
        monkeypatch.setattr(browser.sys, "platform", "win32")
        program, action = browser.find_opener({"SYSTEMROOT": "/win"}) or ("", "")
        assert (program[:4], program[-12:]) == ("/win", "rundll32.exe")
        assert action == "url.dll,FileProtocolHandler"
