"""The log on stderr: the chosen level, one line for each record, no secret, no traceback."""

import logging

import pytest

from ssohelper import logs


@pytest.mark.parametrize(
    ("verbose", "environ", "shown"),
    [
        (0, {}, ["a warning"]),
        (1, {}, ["a warning", "an info"]),
        (2, {}, ["a warning", "an info", "a debug"]),
        (5, {}, ["a warning", "an info", "a debug"]),
        (0, {"SSOHELPER_LOG": "DEBUG"}, ["a warning", "an info", "a debug"]),
        (0, {"SSOHELPER_LOG": "nonsense"}, ["a warning"]),
    ],
)
def test_the_level_decides_what_is_logged(capsys, verbose, environ, shown):
    logs.start_logging(verbose, environ)
    logs.start_logging(verbose, environ)
    log = logging.getLogger("ssohelper.stores.files")
    log.warning("a warning")
    log.info("an info")
    log.debug("a debug")
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert [line.split(": ")[-1] for line in lines] == shown
    assert lines[0] == "ssohelper: warning: a warning"


def test_libraries_that_log_whole_requests_log_warnings_only(capsys):
    logs.start_logging(2, {"SSOHELPER_LOG": "debug"})
    logging.getLogger("botocore.endpoint").debug("bearer CNRY-1")
    logging.getLogger("urllib3.connectionpool").info("CNRY-2")
    assert capsys.readouterr().err == ""


def test_no_secret_no_control_character_and_no_traceback(capsys):
    logs.start_logging(2, {})
    log = logging.getLogger("ssohelper.x")
    try:
        raise ValueError("CNRY-value")
    except ValueError:
        log.exception("token=%s refreshToken=%s\x1b[31m\nsecond", "t", "CNRY-RT")
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "CNRY" not in said
    assert "\x1b" not in said


def test_a_closed_stderr_and_a_wrong_format_raise_nothing(capsys, monkeypatch):
    logs.start_logging(0, {})
    root = logging.getLogger()
    # pytest's own handlers raise the errors that ours must ignore.
    root.handlers[:] = [found for found in root.handlers if isinstance(found, logs._Stderr)]
    logging.getLogger("ssohelper.x").warning("%d of %d", "one")
    assert "%d of %d" in capsys.readouterr().err
    monkeypatch.setattr("sys.stderr", None)
    logging.getLogger("ssohelper.x").warning("nobody hears this")
