"""Adds keys to the text of a coding agent's settings, so that the agent uses an AWS profile.

Other keys of the file keep their order and their values; a JSON file keeps its indentation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, UsageProblem

AWS_PROFILE = "AWS_PROFILE"
# A command that contains one of these texts runs an MCP server of AWS:
# https://awslabs.github.io/mcp/installation
_OF_AWS = ("awslabs.", "mcp-proxy-for-aws")
_DEFAULT_INDENT = 2
EXPORT = "awsCredentialExport"
_EXPORT_OF_OURS = re.compile(r"ssohelper\S* env --format sts ")
# Matches the value of `--profile`, or of a variable such as AWS_MCP_PROXY_PROFILES, in a server's
# JSON.
_CHOSEN_PROFILE = re.compile(r'(?:--profile(?:=|", ")|"AWS_\w*PROFILES?": ")([^"]*)"')
# Variables that give a program other credentials than those of the profile in AWS_PROFILE.
_WINNING = "AWS_(ACCESS_KEY_ID|WEB_IDENTITY_TOKEN_FILE|CONFIG_FILE|SHARED_CREDENTIALS_FILE)"
# Matches `--profile` with one value, in a command's words joined by zero bytes. mcp-proxy-for-aws
# accepts several values.
_PROFILE_OPTION = re.compile(r"(?<=\0)--profile([=\0])[^-\0][^\0]*(?=\0-|\0[^\0]*://|\Z)")
# Matches other texts that may choose a profile. Python's argparse accepts `--prof` as `--profile`.
_OTHER_CHOICE = re.compile(rf"(?i)\0--p(r(o(f(il?)?)?)?)?([=\0]|\Z)|profile|{_WINNING}")


def edit_claude_settings(before: bytes | None, file_name: str, values: Mapping[str, Any]) -> bytes:
    """Return settings.json with these keys set; tables keep their other keys.

    Raises: ConfigInvalid for a file that is not JSON, or has another type at a key.
    """
    document = _parse_json(before, file_name)
    _remove_other_choice(document, file_name, values)
    for key, value in values.items():
        if isinstance(value, Mapping):
            table = _get_or_add_table(document, key, file_name)
            table.update(value)
            _set_profile_in_environ(table, value[AWS_PROFILE], file_name)
        else:
            document[key] = value
    return _to_json(document, before)


def _remove_other_choice(
    document: dict[str, Any], file_name: str, values: Mapping[str, Any]
) -> None:
    if EXPORT in document and not _EXPORT_OF_OURS.search(str(document[EXPORT])):
        raise ConfigInvalid(
            f'"{file_name}" has an {EXPORT} of its own: not changed', hint="remove it in an editor"
        )
    if EXPORT not in values:
        document.pop(EXPORT, None)
    environ = document.get("env")
    if "env" not in values and isinstance(environ, dict):
        environ.pop(AWS_PROFILE, None)
        if not environ:
            del document["env"]


def find_servers_with_other_profile(content: bytes, file_name: str, profile: str) -> list[str]:
    """Return the MCP servers in ~/.claude.json or .mcp.json that choose another profile."""
    document, found = _parse_json(content, file_name), list[str]()
    projects = document.get("projects")
    for table in (document, *(projects.values() if isinstance(projects, dict) else ())):
        servers = table.get("mcpServers") if isinstance(table, dict) else None
        for name, server in servers.items() if isinstance(servers, dict) else ():
            chosen = _CHOSEN_PROFILE.findall(json.dumps(server))
            if any(profile not in one for one in chosen):
                found.append(str(name))
    return found


def uses_bedrock(settings: bytes) -> bool:
    environ = json.loads(settings).get("env")
    found = environ.get("CLAUDE_CODE_USE_BEDROCK") if isinstance(environ, dict) else None
    return str(found).lower() in ("1", "true", "yes", "on")


def edit_mcp_json(
    before: bytes | None, file_name: str, profile: str, servers: tuple[str, ...]
) -> bytes:
    """Return mcp.json with AWS_PROFILE set for the named MCP servers, or for all servers of AWS.

    Raises: ConfigInvalid; UsageProblem when the file has no such server.
    """
    document = _parse_json(before, file_name)
    _set_profile_of_servers(document, "mcpServers", file_name, profile, servers)
    return _to_json(document, before)


def edit_codex_config(
    before: bytes | None, file_name: str, profile: str, servers: tuple[str, ...]
) -> bytes:
    """Return config.toml with AWS_PROFILE set for Codex's commands and MCP servers.

    Raises: ConfigInvalid, also for a file that would be damaged; UsageProblem for a missing server.
    """
    try:
        text = (before or b"").decode("utf-8")
        document: Any = tomlkit.parse(text)
        policy = _get_or_add_table(document, "shell_environment_policy", file_name)
        _set_profile_in_environ(_get_or_add_table(policy, "set", file_name), profile, file_name)
        if servers or _find_aws_servers(document.get("mcp_servers", {})):
            _set_profile_of_servers(document, "mcp_servers", file_name, profile, servers)
        after = tomlkit.dumps(document)
    except (TOMLKitError, UnicodeDecodeError, AttributeError, TypeError) as cause:
        raise ConfigInvalid(f'"{file_name}" is not valid TOML: not changed') from cause
    if not (_has_content(after, document.unwrap()) and _has_tables_and_comments(after, text)):
        raise ConfigInvalid(
            f'"{file_name}" is written in a way that this edit would damage: not changed',
            hint=f"in an editor, set {AWS_PROFILE} in [shell_environment_policy.set]",
        )
    return after.encode()


def _has_content(text: str, content: dict[str, Any]) -> bool:
    """Return whether no value was lost: tomlkit breaks some documents that have dotted keys."""
    try:
        # Compared as texts too, since two `nan` are equal only as texts.
        found = tomlkit.parse(text).unwrap()
        return bool(found == content) or repr(found) == repr(content)
    except TOMLKitError:
        return False


def _has_tables_and_comments(after: str, before: str) -> bool:
    """Return whether all headers and comments that have a line of their own kept their order.

    If a table stands between two tables of one array, tomlkit moves it behind both, without its
    comment.
    """
    lines = iter(after.splitlines())
    return all(line in lines for line in before.splitlines() if line.lstrip()[:1] in ("#", "["))


def _set_profile_of_servers(
    document: Any, key: str, file_name: str, profile: str, server_names: tuple[str, ...]
) -> None:
    servers = _get_or_add_table(document, key, file_name)
    missing = [one for one in server_names if one not in servers]
    found = server_names or _find_aws_servers(servers)
    if missing or not found:
        which = f'named "{show(missing[0], 80)}"' if missing else "of AWS's"
        raise UsageProblem(
            f'"{file_name}" has no MCP server {which}',
            hint="add one first, see https://awslabs.github.io/mcp/installation; "
            "or name another server with --server",
        )
    for one in found:
        server = _get_or_add_table(servers, one, file_name)
        text = "\0".join(_list_words(server))
        if _OTHER_CHOICE.search(_PROFILE_OPTION.sub("", text)):
            raise ConfigInvalid(
                f'"{file_name}": it is not clear which profile the MCP server "{show(one, 80)}" '
                "uses: not changed",
                hint="in an editor, write --profile PROFILE, or leave out what chooses a profile",
            )
        made = _PROFILE_OPTION.sub(lambda found: f"--profile{found[1]}{profile}", text)
        if made != text:
            server["args"] = made.split("\0")[1:]
        _set_profile_in_environ(_get_or_add_table(server, "env", file_name), profile, file_name)


def _set_profile_in_environ(environ: Any, profile: str, file_name: str) -> None:
    # Other variables that choose a profile: AWS_MCP_PROXY_PROFILES, AWS_API_MCP_PROFILE_NAME,
    # AWS_DEFAULT_PROFILE.
    for name in [AWS_PROFILE, *environ]:
        if re.fullmatch(_WINNING, name):
            raise ConfigInvalid(
                f'"{file_name}" sets {name}, which wins over AWS_PROFILE: not changed',
                hint="remove it in an editor",
            )
        if re.match("AWS_.*PROFILE", name):
            environ[name] = profile


def _find_aws_servers(servers: Any) -> tuple[str, ...]:
    """Return the MCP servers that run a command of AWS, or already have an AWS profile."""
    found = []
    for name, server in servers.items() if isinstance(servers, dict) else ():
        if not isinstance(server, dict):
            continue
        environ = server.get("env", {})
        has_profile = isinstance(environ, dict) and "PROFILE" in str(list(environ))
        if has_profile or any(mark in word for word in _list_words(server) for mark in _OF_AWS):
            found.append(str(name))
    return tuple(found)


def _list_words(server: Any) -> list[str]:
    """Return the words of a server's command; arguments in an unknown form become "profile"."""
    arguments = server.get("args", [])
    more = arguments if isinstance(arguments, list) else ["profile"]
    return [str(word) for word in (server.get("command", ""), *more)]


def _get_or_add_table(document: Any, key: str, file_name: str) -> Any:
    if key not in document:
        if type(document) is dict:
            document[key] = {}
        else:
            is_inline = isinstance(document, InlineTable)
            document[key] = tomlkit.inline_table() if is_inline else tomlkit.table()
    found = document[key]
    if not isinstance(found, dict):
        raise ConfigInvalid(f'"{file_name}": "{show(key, 80)}" is not a table: not changed')
    return found


def _parse_json(before: bytes | None, file_name: str) -> dict[str, Any]:
    try:
        document = json.loads(before, object_pairs_hook=_dict_of_unique_keys) if before else {}
    except (ValueError, RecursionError) as cause:
        raise ConfigInvalid(
            f'"{file_name}" is not valid JSON: not changed ({show(str(cause), 80)})',
            hint="correct it in an editor; JSON has no comments",
        ) from cause
    if not isinstance(document, dict):
        raise ConfigInvalid(f'"{file_name}" holds no JSON object: not changed')
    return document


def _dict_of_unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key exists twice in one JSON object")
    return found


def _to_json(document: dict[str, Any], before: bytes | None) -> bytes:
    text = (before or b"").decode("utf-8", "replace")
    found = re.search(r"^\{\s*?\n([ \t]+)\S", text)
    indent = found.group(1) if found else _DEFAULT_INDENT
    end = "" if before and not text.endswith("\n") else "\n"
    after = json.dumps(document, indent=indent, ensure_ascii=False)
    # A JSON escape such as \ud800, half of a surrogate pair, cannot be written as UTF-8.
    if any("\ud800" <= character <= "\udfff" for character in after):
        after = json.dumps(document, indent=indent)
    return (after + end).encode()
