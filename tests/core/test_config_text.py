"""Which lines of a config are refused, as by botocore, and what the error says."""

import pytest

from ssohelper.errors import ConfigInvalid
from tests.core.test_config_edit_property import botocore_reads
from tests.core.test_config_file import parse


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"region = x\n", 1, "before the first section"),
        (b"\n\n[profile a\n", 3, "header is not closed"),
        (b"[a]\n[profile b\n", 2, "not closed"),
        (b"[a]\nx = 1\n[a]\n", 3, "twice, first in line 1"),
        (b"[a]\nx = 1\nX: 2\n", 3, "twice, first in line 2"),
        (b"[a]\nno delimiter\n", 2, 'no "="'),
        (b"[a]\n= 1\n", 2, "no key before"),
        (b"[a]\ns3 =\n  a = b\n  # c\n  nothing\n", 5, "nested block"),
        (b"[a]\nx = \xff\n", 2, "the byte at offset 8 is not UTF-8"),
        (b"\xef\xbb\xbf[a]\n", 1, "byte order mark"),
        (b"[a]\nx = 1\r\r\n", 2, "carriage return"),
        (b"\n[a]\nx = 1\r\r\n", 3, "carriage return"),
        (b"\n[a]\nx = \xff\n", 3, "not UTF-8"),
        (b"[profile a\rb]\nx = 1\n", 1, "carriage return"),
        (b"[a]\r\nx = 1\r[profile pwn]\r\n", 2, "carriage return"),
    ],
)
def test_what_botocore_refuses_is_refused_with_its_line(data, line, words):
    with pytest.raises(ConfigInvalid, match=words) as caught:
        parse(data)
    assert caught.value.message.startswith(f"config:{line}: ")
    assert caught.value.line == line
    assert b"\r" in data or botocore_reads(data) is None


def test_the_error_does_not_show_the_line_which_may_be_part_of_a_secret():
    with pytest.raises(ConfigInvalid) as caught:
        parse("[a]\naws_secret_access_key wJalrXUtnFEMI\n")
    assert "wJalr" not in caught.value.message + (caught.value.hint or "")


def test_a_line_of_one_megabyte_is_read():
    config = parse("[profile a]\nx = " + "y" * (1 << 20) + "\n")
    assert len(config.profiles()[0].keys["x"]) == 1 << 20
