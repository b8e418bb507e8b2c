"""The words of a profile's `credential_process`."""

import click
from hypothesis import given, settings
from hypothesis import strategies as st

from ssohelper.cli import main
from ssohelper.cli.credential_command import print_credentials
from ssohelper.cli.output import CommonOptions
from ssohelper.core import process_command
from ssohelper.errors import SsoHelperError


def test_a_line_too_long_for_any_system_is_not_split() -> None:
    """shlex takes 10 s for a word of 400 KB, and every command reads the config's lines."""
    escaped = '\\"'
    assert process_command.split_command(f'/bin/x "{escaped * 3}"') == ["/bin/x", '"""']
    assert process_command.split_command(f'/bin/x "{escaped * 20_000}"') == []


_WORDS = st.sampled_from(
    [
        *("--session", "--account-id", "--role-name", "--profile", "--chain", "--json", "-v"),
        *("--zzz", "--role", "--session=corp", "--json=1", "--zzz=1", "-x", "corp", "Admin", "-vv"),
        *("--account-id=001234567890", "--role-name=Admin", "--verbose", "--help", "''"),
    ]
)
_WHOLE = ["--session", "corp", "--account-id", "001234567890", "--role-name", "Admin"]


def is_refused_by_click(words: list[str]) -> bool:
    """Return what the command itself says: its parser, then the options that it needs together."""
    try:
        # With the parent, because click keeps the names of `--help` that the first context has.
        parent = click.Context(main, **main.context_settings)
        found = dict(print_credentials.make_context("x", list(words), parent).params)
    except (click.ClickException, click.exceptions.Exit, SsoHelperError):
        return True
    found["session"] = parent.ensure_object(CommonOptions).session
    by_key = all(found[name] for name in ("session", "account_id", "role_name"))
    others = (found[name] for name in ("session", "account_id", "role_name", "chain"))
    return bool(found["profile"]) == by_key or bool(found["profile"] and any(others))


@settings(max_examples=400)
@given(st.lists(_WORDS, max_size=5), st.integers(0, 6), st.booleans())
def test_a_command_is_refused_exactly_if_the_helper_refuses_it(words, place, is_whole):
    typed = [*_WHOLE[:place], *words, *_WHOLE[place:]] if is_whole else words
    refused = process_command.why_ssohelper_refuses_command(
        "/x/ssohelper-credentials " + " ".join(typed)
    )
    meant = [word.replace("''", "") for word in typed]
    assert bool(refused) == is_refused_by_click(meant), (typed, refused)


def test_an_argument_that_the_helper_refuses_is_named() -> None:
    whole = " ".join(_WHOLE)
    find = process_command.why_ssohelper_refuses_command
    assert find(f"ssohelper credential-process {whole} --zzz") == (
        'ssohelper refuses the profile\'s command: it has no argument "--zzz"'
    )
    assert '"--role-name" has no value' in find(f"ssohelper-credentials {whole} --role-name")
    assert '"--role-name" is missing' in find("ssohelper-credentials --session corp --account-id 1")
    assert find(f"ssohelper-credentials {whole}") == ""
    assert find("other --zzz") == ""
    options = process_command.ssohelper_options(f"ssohelper-credentials --json {whole}")
    assert options is not None
    assert options["--session"] == "corp"
