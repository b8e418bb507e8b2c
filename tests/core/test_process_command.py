"""The words of a profile's `credential_process`."""

from ssohelper.core import process_command


def test_a_line_too_long_for_any_system_is_not_split() -> None:
    """shlex takes 10 s for a word of 400 KB, and every command reads the config's lines."""
    escaped = '\\"'
    assert process_command.split_command(f'/bin/x "{escaped * 3}"') == ["/bin/x", '"""']
    assert process_command.split_command(f'/bin/x "{escaped * 20_000}"') == []
