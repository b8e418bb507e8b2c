"""Makes the config for a command that `exec` runs, from the text of the user's own config. Pure.

Below an endpoint, [default] has no keys that lead to credentials, because SDKs would prefer such
keys to the endpoint. Below an allow-list, the only profiles are those of allowed roles. No section
has static keys, because these are not copied to a second file. All other text is copied byte for
byte.
"""

import re
from collections.abc import Collection, Mapping

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.config_text import DEFAULT_SECTION, ConfigText, Key, Section, section_name
from ssohelper.core.model import Profile
from ssohelper.errors import ConfigInvalid

# Keys by which an SDK or another tool finds credentials. SDKs prefer each of them to the endpoint.
_IDENTITY_KEYS = frozenset(
    {
        "source_profile",
        "external_id",
        "duration_seconds",
        "mfa_serial",
        "web_identity_token_file",
        "login_session",
    }
)
_IDENTITY_PREFIXES = ("sso_", "aws_", "role_", "credential_", "granted_", "ssohelper_")
_STATIC_KEYS = frozenset(
    {"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"}
)
# Matches a comment line that contains a static access key, which a user has commented out.
_STATIC_COMMENT = re.compile(rf"(?i)\s*[#;].*\b({'|'.join(sorted(_STATIC_KEYS))})\b")
# With one of these keys a profile has credentials of its own, so SDKs do not ask the endpoint.
_SOURCES = frozenset(
    {
        "credential_process",
        "credential_source",
        "login_session",
        "role_arn",
        "source_profile",
        "sso_account_id",
        "sso_session",
        "sso_start_url",
        "web_identity_token_file",
    }
)
_OF_NO_PROFILE = (["sso-session"], ["services"], ["plugins"])
# The credential_process for a profile whose static keys are not copied. If the profile had no
# source of credentials, an SDK would use the endpoint's for it, which are for another account.
_REFUSAL = (
    "sh -c 'echo \"static keys are not passed to commands of ssohelper exec --server\" >&2; exit 1'"
)


def child_config_text(
    config: ConfigFile,
    profile: Profile,
    region: str,
    profiles_with_keys: Collection[str] = (),
    kept: Collection[str] | None = None,
) -> str:
    """Return the config for the command: [default] has the profile's settings, but no credentials.

    `profiles_with_keys` are the profiles with static keys in the credentials file, which the
    command does not get. `kept` is as for `allowed_config_text`; None below no allow-list.
    Raises: ConfigInvalid if the user's config has an unusual form, so that the new text does not
    parse as intended.
    """
    entry = config.profile(profile.name)
    keys = {**(entry.keys if entry else {}), "region": region}
    copy = _ConfigCopy(config.text)
    if kept is not None:
        copy.drop_profiles(kept)
    copy.drop_default_identity({n: v for n, v in keys.items() if not _is_identity_key(n)})
    copy.drop_static_keys(profiles_with_keys)
    return copy.checked_text()


def allowed_config_text(config: ConfigFile, kept: Collection[str]) -> str:
    """Return the config without profiles, except those whose sections' headers are in `kept`.

    Raises: ConfigInvalid as `child_config_text`.
    """
    copy = _ConfigCopy(config.text)
    copy.drop_profiles(kept)
    if any(_is_default_section(header) and header not in kept for header in config.text.sections):
        copy.drop_default_identity({})
    copy.drop_static_keys(())
    return copy.checked_text()


def minimal_config_text(region: str) -> str:
    """Return the config to use when the user's own config cannot be copied."""
    return f"[default]\nregion = {region}\n"


def _is_identity_key(key: str) -> bool:
    return key in _IDENTITY_KEYS or key.startswith(_IDENTITY_PREFIXES)


def _is_default_section(header: str) -> bool:
    """Return whether any SDK takes this section for [default]. Go's SDK ignores spaces in it."""
    return header.strip().lower() == "default" or section_name(header, "profile") == "default"


class _ConfigCopy:
    """A copy of a config, with lines to drop, lines to add, and the keys that result."""

    def __init__(self, text: ConfigText) -> None:
        self._text = text
        self._lines = list(text.lines)
        self._sections = list(text.sections.values())
        self._dropped = {n for n, line in enumerate(self._lines) if _STATIC_COMMENT.match(line)}
        self._added: dict[int, list[str]] = {}
        self._expected = {
            section.header: {name: key.value for name, key in section.keys.items()}
            for section in (text.defaults, *text.sections.values())
        }
        self._end: list[str] = []

    def drop_profiles(self, kept: Collection[str]) -> None:
        """Remove all sections but [default], those with the headers `kept`, and those of no profile.

        Some SDKs take `[prod]` for a profile: https://github.com/aws/aws-sdk-go (version 1).
        """

        def is_kept(section: Section) -> bool:
            is_of_no_profile = section.header.split()[:1] in _OF_NO_PROFILE
            return is_of_no_profile or section.header in kept or _is_default_section(section.header)

        for section in self._sections:
            if not is_kept(section):
                self._dropped.update(range(section.line, section.last_line + 1))
                del self._expected[section.header]
        self._sections = list(filter(is_kept, self._sections))

    def drop_default_identity(self, settings: Mapping[str, str]) -> None:
        """Remove all keys that lead to credentials from [default], and set `settings` in it."""
        shared = self._text.defaults
        inherited = {name: key.value for name, key in shared.keys.items() if _is_identity_key(name)}
        for name in inherited:
            self._remove_lines_of_key(shared, name)
        defaults = [s for s in self._sections if _is_default_section(s.header)]
        for section in self._sections:
            if section in defaults:
                for name in filter(_is_identity_key, section.keys):
                    self._remove_lines_of_key(section, name)
                self._set_keys_in_section(section, settings)
            else:
                # Keys in [DEFAULT] apply to every section, so the keys that were removed from it
                # are added to the other sections.
                lost = inherited.keys() - section.keys.keys() - _STATIC_KEYS
                self._set_keys_in_section(section, {name: inherited[name] for name in sorted(lost)})
        if not defaults:
            self._expected["default"] = dict(settings)
            self._end = ["", "[default]"] if self._sections or shared.keys else ["[default]"]
            for name, value in settings.items():
                self._end += _config_lines_of_key(name, value, "")

    def drop_static_keys(self, profiles_with_keys: Collection[str]) -> None:
        """Remove static keys. Give a profile without other credentials a command that fails."""
        inherits_static = not _STATIC_KEYS.isdisjoint(self._text.defaults.keys)
        for section in self._sections:
            static = _STATIC_KEYS & section.keys.keys()
            for key in static:
                self._remove_lines_of_key(section, key)
            name = section_name(section.header, "profile")
            if name is None or _is_default_section(section.header):
                continue
            has_lost = static or inherits_static or name in profiles_with_keys
            if has_lost and _SOURCES.isdisjoint(self._expected[section.header]):
                self._set_keys_in_section(section, {"credential_process": _REFUSAL})

    def checked_text(self) -> str:
        """Return the new config. Raises: ConfigInvalid when the text does not parse as intended."""
        return_ = "\r" if self._text.newline == "\r\n" else ""
        lines: list[str] = []
        for number, line in enumerate(self._lines):
            if number not in self._dropped:
                lines.append(line)
            lines += [added + return_ for added in self._added.get(number, ())]
        if self._end:
            while lines and not lines[-1].strip():
                lines.pop()
            lines += [line + return_ for line in self._end]
        text = "\n".join(lines)
        text = text if text.endswith("\n") else text + return_ + "\n"
        self._check_new_text(text)
        return text

    def _check_new_text(self, text: str) -> None:
        after = ConfigText(text.encode(), self._text.origin)
        found = {
            section.header: {name: key.value for name, key in section.keys.items()}
            for section in (after.defaults, *after.sections.values())
        }
        if found != self._expected:
            raise ConfigInvalid(f"{self._text.origin}: the file's form is too unusual to be copied")

    def _remove_lines_of_key(self, section: Section, name: str) -> None:
        self._expected[section.header].pop(name, None)
        if name in section.keys:
            self._dropped.update(_line_numbers_of_key(section.keys[name]))

    def _set_keys_in_section(self, section: Section, settings: Mapping[str, str]) -> None:
        """Set keys in a section: replace the lines of existing keys, add new keys at its end."""
        present, inherited = self._expected[section.header], self._expected[DEFAULT_SECTION]
        for name, value in settings.items():
            if present.get(name, inherited.get(name)) == value:
                continue
            present[name] = value
            old = section.keys.get(name)
            if old:
                self._dropped.update(_line_numbers_of_key(old))
            at = max(_line_numbers_of_key(old)) if old else section.last_line
            # A new key is indented like the key before it: with a deeper indent, the new line
            # would continue that key's value.
            neighbour = old.lines[0] if old else _last_key_line(section)
            indent = _indentation_of_line(self._lines[neighbour])
            self._added.setdefault(at, []).extend(_config_lines_of_key(name, value, indent))


def _line_numbers_of_key(key: Key) -> set[int]:
    return {key.lines[0], *key.content_lines}


def _last_key_line(section: Section) -> int:
    return max((key.lines[0] for key in section.keys.values()), default=section.line)


def _indentation_of_line(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _config_lines_of_key(name: str, value: str, indent: str) -> list[str]:
    """Return a key's lines. Lines of a nested block are indented, as botocore requires."""
    first, *nested = value.split("\n")
    head = f"{indent}{name} = {first}".rstrip()
    return [head, *(f"{indent}    {line}" for line in nested if line)]
