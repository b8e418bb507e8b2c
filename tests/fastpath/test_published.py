"""A hit prints the published response; whatever is unusual about it goes to the slower path."""

import io
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from ssohelper.core.model import RoleKey
from ssohelper.fastpath import folders, published
from tests.left_behind import no_descriptor_left
from tests.published import publish_response

KEY = ("corp", "001234567890", "Admin")
ARGV = ["--session", KEY[0], "--account-id", KEY[1], "--role-name", KEY[2]]
DOCUMENT = b'{"Version":1,"AccessKeyId":"ASIAEXAMPLE"}\n'
CONTROLS = (b"\x07", b"\x1b[2J", b"\0", b"\x7f", b"\xc2\x9b2J")
NOW = 4_000_000_000  # in 2096: files that a test makes are older


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runtime folder in which a response for KEY is valid until a second after NOW."""
    monkeypatch.setenv("SSOHELPER_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    environ = {"SSOHELPER_HOME": str(tmp_path), "HOME": str(tmp_path)}
    publish_response(environ, RoleKey(*KEY), DOCUMENT, NOW + 1, NOW - 10**6)
    monkeypatch.delenv("AWS_CONFIG_FILE", raising=False)
    monkeypatch.setattr(published.time, "time", lambda: float(NOW))
    return Path(folders.runtime_folder(os.environ))


@pytest.fixture
def document(runtime: Path) -> Path:
    return Path(folders.response_path(str(runtime), *KEY[:3]))


def dated(path: Path, content: bytes | None = None, at: int = NOW + 1) -> None:
    if content is not None:
        path.write_bytes(content)
    os.utime(path, (at, at))


@pytest.mark.parametrize("order", [(0, 2, 4), (4, 2, 0), (2, 0, 4)])
def test_the_document_is_printed_for_any_order_of_the_options(runtime, capfdbinary, order):
    assert published.print_published_response([word for at in order for word in ARGV[at : at + 2]])
    assert capfdbinary.readouterr() == (DOCUMENT, b"")


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ARGV[:4],
        [*ARGV, "--verbose"],
        [*ARGV, "--session", "corp"],
        [*ARGV[:4], "--session", "corp"],
        [*ARGV[:4], "--profile", "Admin"],
        *([*ARGV[:5], role] for role in ("", "..", ".Admin", "a/b", "a b", "é")),
    ],
)
def test_other_arguments_print_nothing(runtime, capfdbinary, argv):
    assert published.parse_role_key(argv) is None
    assert not published.print_published_response(argv)
    assert capfdbinary.readouterr() == (b"", b"")


def test_every_character_that_aws_allows_in_a_role_name_is_accepted():
    role = "aZ09_+=,.@-"
    assert published.parse_role_key([*ARGV[:5], role]) == (*KEY[:2], role)


@pytest.mark.parametrize(
    ("content", "at", "is_printed"),
    [
        *((DOCUMENT, NOW + more, more > 0) for more in (1, 0, -1)),
        *((cut, NOW + 1, False) for cut in (b"", DOCUMENT[:-1], DOCUMENT[1:], b"\n" + DOCUMENT)),
        (DOCUMENT[:-2] + b"\n", NOW + 1, False),
        (DOCUMENT + b"0 1\n", NOW + 1, False),  # the clock was changed since
        *((DOCUMENT[:30] + inserted + DOCUMENT[30:], NOW + 1, False) for inserted in CONTROLS),
        (DOCUMENT.replace(b"1", b"2", 1), NOW + 1, False),
        (DOCUMENT[:-2].ljust(16384 - 2) + b"}\n", NOW + 1, True),
        (DOCUMENT[:-2].ljust(16385 - 2) + b"}\n", NOW + 1, False),
    ],
)
def test_only_a_complete_valid_response_is_printed(document, capfdbinary, content, at, is_printed):
    dated(document, content, at)
    assert published.print_published_response(ARGV) is is_printed
    assert capfdbinary.readouterr().out == (content if is_printed else b"")


@pytest.mark.parametrize("planted", ["link", "hard link", "fifo", "folder", "another user's"])
def test_another_kind_of_file_is_not_printed(document, monkeypatch, capfdbinary, planted):
    other = document.with_name("other")
    document.rename(other)
    if planted == "link":
        document.symlink_to(other)
    elif planted == "hard link":
        os.link(other, document)
    elif planted == "fifo":
        os.mkfifo(document)
        dated(document)
    elif planted == "folder":
        document.mkdir()
        dated(document)
    else:
        other.rename(document)
        monkeypatch.setattr(os, "geteuid", lambda: document.stat().st_uid + 1)
    assert not published.print_published_response(ARGV)
    assert capfdbinary.readouterr().out == b""


@pytest.mark.parametrize(
    ("stamp", "settings", "is_printed"),
    [
        # None: there is no such file; else its size and the time by which both are compared.
        ((0, NOW), None, True),
        ((0, NOW), (9, NOW), False),
        ((1, NOW), (9, NOW), True),
        ((1, NOW), (9, NOW + 1), False),
        ((1, NOW), (9, NOW - 1), False),
        ((1, NOW), None, False),
        (None, None, False),
        (None, (9, NOW), False),
    ],
)
def test_other_settings_print_nothing(runtime, tmp_path, capfdbinary, stamp, settings, is_printed):
    for path, content in ((runtime / "settings", stamp), (tmp_path / "config.toml", settings)):
        path.unlink(missing_ok=True)
        if content is not None:
            dated(path, b"#" * content[0], content[1])
    if stamp and stamp[0] and settings:
        note(runtime / "settings", tmp_path / "config.toml", stamp[1])
    assert published.print_published_response(ARGV) is is_printed


@pytest.mark.parametrize("is_renamed", [True, False])
def test_settings_of_the_same_time_and_size_print_nothing(runtime, tmp_path, is_renamed):
    settings, new = tmp_path / "config.toml", tmp_path / "new"
    dated(settings, b"a" * 9, NOW)
    note(runtime / "settings", settings, NOW)
    assert published.print_published_response(ARGV)
    dated(new if is_renamed else settings, b"b" * 9, NOW)
    if is_renamed:
        new.rename(settings)
    assert not published.print_published_response(ARGV)
    settings.unlink()
    settings.symlink_to("config.toml")  # they cannot be read
    assert not published.print_published_response(ARGV)


def note(stamp: Path, file: Path, at: int) -> None:
    """Write the stamp of the file; `at` is the stamp's own time."""
    dated(stamp, b"7\n" + published.identify_file_content(file.stat()), at)


@pytest.mark.parametrize(
    ("validity", "up", "is_valid"),
    [
        *((b"100 200\n", up, up in (100, 199)) for up in (99, 100, 199, 200, None)),
        *((bad, 150, False) for bad in (b"100\n", b"100 200 300\n", b"-100 200\n", b"100 2e2\n")),
        (b"\n", 150, False),
        (b"", 150, True),  # published where no uptime is known
        (b"", None, True),
    ],
)
def test_the_validity_is_in_uptime_seconds(tmp_path, monkeypatch, validity, up, is_valid):
    monkeypatch.setattr(published, "read_uptime", lambda: up)
    assert published.is_response_valid(os.stat(tmp_path), validity) is is_valid


@pytest.mark.parametrize(("up", "validity"), [(None, b""), (5, b"5 65\n"), (0, b"0 60\n")])
def test_a_response_is_the_document_and_its_validity(monkeypatch, up, validity):
    monkeypatch.setattr(published, "read_uptime", lambda: up)
    content = published.join_document_and_validity(DOCUMENT, 60)
    assert content == DOCUMENT + validity
    assert published.split_document_and_validity(content) == (DOCUMENT, validity)


@pytest.mark.parametrize(
    ("ahead", "is_valid"), [(-100, True), (5, True), (5.5, False), (99, False)]
)
def test_a_response_from_the_future_is_of_another_clock(monkeypatch, ahead, is_valid):
    monkeypatch.setattr(published.time, "time", lambda: float(NOW))
    found = SimpleNamespace(st_ctime=NOW + ahead)
    assert published.is_response_valid(found, b"") is is_valid


@pytest.mark.parametrize(
    ("content", "seconds"),
    [(b"123.99 4.5\n", 123), (b"0.01 1\n", 0), (b"", None), (b"a.b c\n", None), (None, None)],
)
def test_uptime_is_whole_seconds_or_none_without_its_file(monkeypatch, content, seconds):
    file = OSError if content is None else [io.BytesIO(content)]
    monkeypatch.setattr("builtins.open", Mock(side_effect=file))
    assert published.read_uptime() == seconds


def test_a_stdout_that_cannot_be_written_is_no_hit(runtime, monkeypatch):
    monkeypatch.setattr(published.os, "write", Mock(side_effect=[20, OSError]))
    assert not published.print_published_response(ARGV)


def test_no_descriptor_stays_open(document, capfd):
    with no_descriptor_left():
        assert published.print_published_response(ARGV)
        assert published.read_uptime()
        dated(document, DOCUMENT, NOW)
        assert not published.print_published_response(ARGV)


class TestSignIn:
    """Config and token file must have the times of the publication. test_launcher has the same."""

    @pytest.fixture(params=["config", "token"])
    def file(self, request, runtime) -> Path:
        return (runtime / "credentials" / "corp" / request.param).readlink()

    @pytest.mark.parametrize("nanoseconds", [-(10**9), -1, 1, 10**9])
    def test_a_newer_or_older_file(self, file, nanoseconds, capfdbinary):
        at = file.stat().st_mtime_ns
        for moved, is_hit in ((0, True), (nanoseconds, False), (0, True)):
            os.utime(file, ns=(at + moved, at + moved))
            assert published.print_published_response(ARGV) is is_hit

    @pytest.mark.parametrize("is_link", [True, False])
    @pytest.mark.parametrize("name", ["config", "config-seen", "token", "token-seen"])
    def test_a_removed_file_or_stamp(self, runtime, name, is_link):
        path = runtime / "credentials" / "corp" / name
        (path if is_link or path.name.endswith("seen") else path.readlink()).unlink()
        assert not published.print_published_response(ARGV)

    @pytest.mark.parametrize(
        ("value", "is_hit"),
        [
            ("", True),
            ("~/.aws/config", True),
            ("{home}/.aws/config", True),
            ("{home}/other", False),
            ("~/other", False),
            ("$HOME/.aws/config", False),
            ("~root/.aws/config", False),
            ("/nonexistent", False),
            ("x\0y", False),
        ],
    )
    def test_another_config(self, runtime, tmp_path, monkeypatch, capfdbinary, value, is_hit):
        shutil.copy2(tmp_path / ".aws" / "config", tmp_path / "other")
        environ = {**os.environ, "AWS_CONFIG_FILE": value.format(home=tmp_path)}
        monkeypatch.setattr(published.os, "environ", environ)
        assert published.print_published_response(ARGV) is is_hit
