"""Parses the command line in a profile's `credential_process`, and finds errors in it."""

from __future__ import annotations

import re
import sys

from ssohelper.core.model import ROLE_NAME, Role
from ssohelper.core.text import show

# The longest command line that Windows runs.
_LONGEST_QUOTED = 32_767
# The options of `ssohelper credential-process`: a test compares them with the command itself.
_OWN_KEY = ("--session", "--account-id", "--role-name")
_OWN_OPTIONS = ("--profile", *_OWN_KEY, "--chain")
_OWN_FLAGS = ("--json", "--verbose", "-v", "-vv")
_ROLE_ARN = r"arn:[a-z0-9-]+:iam::([0-9]{12}):role/(?:.*/)?([^/]+)"


def ssohelper_options(command: str) -> dict[str, str] | None:
    """Return the options of ssohelper's `credential_process` command; None for another program."""
    words = _arguments_of_ssohelper_command(command)
    return None if words is None else _option_values(words)


def runs_ssohelper_by_name(command: str) -> bool:
    """Return whether the command finds ssohelper on PATH, so that other machines can share it."""
    return command.split(" ", 1)[0] in ("ssohelper", "ssohelper-credentials")


def why_ssohelper_refuses_command(command: str) -> str:
    """Return why ssohelper would refuse this command; "" if it would not, or for other programs."""
    words = _arguments_of_ssohelper_command(command)
    wrong = "" if words is None else _find_wrong_argument(words)
    return f"ssohelper refuses the profile's command: {wrong}" if wrong else ""


def _find_wrong_argument(words: list[str]) -> str:
    rest = iter(words)
    for word in rest:
        name, equals, _ = word.partition("=")
        if name in _OWN_OPTIONS:
            if not equals and next(rest, None) is None:
                return f'"{name}" has no value'
        elif word not in _OWN_FLAGS:
            return f'it has no argument "{show(word, 80)}"'
    found = {name for name, value in _option_values(words).items() if value}
    if "--profile" in found:
        mixed = found.intersection(_OWN_OPTIONS[1:])
        return f'"--profile" and "{min(mixed)}"' if mixed else ""
    missing = [name for name in _OWN_KEY if name not in found]
    return f'"{missing[0]}" is missing' if missing else ""


def _arguments_of_ssohelper_command(command: str) -> list[str] | None:
    words = split_command(command)
    name = program_name(words)
    if name == "ssohelper" and words[1:2] == ["credential-process"]:
        return words[2:]
    return words[1:] if name == "ssohelper-credentials" else None


def aws_sso_cli_role(command: str) -> Role | None:
    """Return the role of aws-sso-cli's command `aws-sso … process --arn ARN`, else None."""
    words = split_command(command)
    options = option_values(words) if program_name(words) == "aws-sso" else {}
    role = role_of_arn(options.get("--arn") or options.get("-a", ""))
    return role if role is not None and ROLE_NAME.fullmatch(role.name) else None


def role_of_arn(arn: str) -> Role | None:
    """Return the account and role in a role's ARN; None if the text is no such ARN."""
    found = re.fullmatch(_ROLE_ARN, arn)
    return Role(*found.groups()) if found else None


def option_values(words: list[str]) -> dict[str, str]:
    """Return the options in another tool's command by name; "" for an option without a value."""
    found: dict[str, str] = {}
    for word, following in zip(words, [*words[1:], ""], strict=False):
        name, equals, value = word.partition("=")
        if name.startswith("-"):
            found[name] = value if equals else "" if following.startswith("-") else following
    return found


def split_command(command: str) -> list[str]:
    """Return the words of a command line; [] if the line is too long or has an open quote."""
    # shlex takes 20 µs for each line: 0.2 s for 10,000 profiles.
    if not any(character in command for character in "\"'\\"):
        return command.split()
    # shlex is quadratic in a word's length: 400 KB take 10 s.
    if len(command) > _LONGEST_QUOTED:
        return []
    from shlex import split  # imported here, since few commands have quotes

    try:
        return split(command)
    except ValueError:
        return []


def find_syntax_error(command: str) -> str:
    """Return why boto3 and the AWS CLI cannot split this `credential_process`; "" if they can."""
    if not command:
        return "credential_process is empty"
    if split_command(command) or len(command) > _LONGEST_QUOTED:
        return ""
    # shlex refuses nothing else.
    return "credential_process has a quote without its second half, or a backslash at its end"


def program_name(command_words: list[str]) -> str:
    """Return the name of the program, without its folder. Nix runs NAME as `.NAME-wrapped`."""
    name = command_words[0].replace("\\", "/").rpartition("/")[2] if command_words else ""
    name = name.removesuffix(".exe")
    return name[1:].removesuffix("-wrapped") if name.startswith(".") else name


def _option_values(command_words: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    rest = iter(command_words)
    for word in rest:
        name, equals, value = word.partition("=")
        value = value if equals or name in _OWN_FLAGS else next(rest, "")
        # Interned, because 20,000 profiles name the same few sessions and roles.
        found[name] = sys.intern(value)
    return found
