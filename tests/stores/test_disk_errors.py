"""The errors that an OSError becomes, and warnings that are given once."""

import errno
import os

import pytest

from ssohelper.errors import LocalState, NotOurs
from ssohelper.fastpath.open_file import Refused, TooLarge
from ssohelper.stores import disk_errors


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


FREE = "free some space and try again"


@pytest.mark.parametrize(
    ("cause", "says", "hint"),
    [
        (os_error(errno.EACCES), "cannot be read: permission denied", None),
        (os_error(errno.ENOSPC), "cannot be read: no space left on device", FREE),
        (os_error(errno.EDQUOT), "cannot be read: disk quota exceeded", FREE),
        (TooLarge(errno.EFBIG, 9), "is larger than 9 bytes", "remove it and try again"),
    ],
)
def test_a_file_that_could_not_be_read(cause, says, hint):
    error = disk_errors.file_error("/a", cause, "read")
    assert (type(error), error.message, error.hint) == (LocalState, f'"/a" {says}', hint)


def test_a_file_that_is_not_safe_to_use_is_not_touched_whatever_was_to_be_done() -> None:
    cause = Refused(errno.ELOOP, "is a symbolic link")
    for use in ("read", "written"):
        error = disk_errors.file_error("/a", cause, use)
        assert isinstance(error, NotOurs)
        assert error.message == '"/a" is a symbolic link: not touched'
        assert error.hint == "check it with: ls -l /a"


def test_the_first_os_error_among_the_causes_is_found() -> None:
    first, second = os_error(errno.ENOENT), os_error(errno.EIO)
    first.__cause__ = second
    middle, outer = ValueError("x"), LocalState("x")
    outer.__cause__, middle.__cause__ = middle, first
    assert disk_errors.first_os_error(outer) is first
    assert disk_errors.first_os_error(second) is second
    assert disk_errors.first_os_error(ValueError("x")) is None


@pytest.mark.parametrize("cause", [None, ValueError("secret"), OSError()])
def test_without_a_text_of_the_system_the_error_says_only_that_it_failed(cause):
    assert disk_errors.os_error_text(cause) == "not possible"


def test_one_process_gives_each_warning_once(caplog: pytest.LogCaptureFixture) -> None:
    for message in ("a", "b", "a", "100 %s"):
        disk_errors.warn_once(message)
    assert [one.getMessage() for one in caplog.records] == ["a", "b", "100 %s"]
