"""Makes the config for a command that `exec` runs, from the keys of the user's own config.

With `exec --server`, [default] has no keys that lead to credentials, because SDKs would prefer
those credentials. With `exec --allow`, only the profiles of allowed roles are copied. Static keys
and comments are not copied.
"""

from collections.abc import Collection, Mapping

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.config_text import DEFAULT_SECTION, ConfigText, section_name
from ssohelper.core.model import Profile
from ssohelper.errors import ConfigInvalid

# Keys by which an SDK or another tool finds credentials.
_IDENTITY_KEYS = frozenset(
    (
        *("source_profile", "external_id", "duration_seconds", "mfa_serial"),
        *("web_identity_token_file", "login_session"),
    )
)
_IDENTITY_PREFIXES = ("sso_", "aws_", "role_", "credential_", "granted_", "ssohelper_")
_STATIC_KEYS = frozenset(
    ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token")
)
# A profile with one of these keys has credentials of its own.
_SOURCES = frozenset(
    (
        *("credential_process", "credential_source", "login_session", "role_arn", "source_profile"),
        *("sso_account_id", "sso_session", "sso_start_url", "web_identity_token_file"),
    )
)
_OF_NO_PROFILE = (["sso-session"], ["services"], ["plugins"])
# For a profile whose static keys are not copied: otherwise an SDK would use the endpoint's
# credentials for it.
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
    """Return the config, in which [default] has the profile's settings, but no credentials.

    `profiles_with_keys` have static keys in the credentials file. `kept` is as for
    `allowed_config_text`, or None without an allow-list.
    """
    entry = config.profile(profile.name)
    keys = {**(entry.keys if entry else {}), "region": region}
    settings = {name: value for name, value in keys.items() if not _is_identity_key(name)}
    return _copy_config(config.text, kept, settings, profiles_with_keys)


def allowed_config_text(config: ConfigFile, kept: Collection[str]) -> str:
    """Return the config without profiles, except those whose sections' headers are in `kept`."""
    denied = any(_is_default_section(one) and one not in kept for one in config.text.sections)
    return _copy_config(config.text, kept, {} if denied else None, ())


def _copy_config(
    text: ConfigText,
    kept: Collection[str] | None,
    settings: Mapping[str, str] | None,
    profiles_with_keys: Collection[str],
) -> str:
    # Keys in [DEFAULT] apply to every section, so identity keys in it move to the other sections.
    shared = text.defaults.values()
    moved = {one: shared[one] for one in shared if settings is not None and _is_identity_key(one)}
    left_out = {*moved, *_STATIC_KEYS}
    copied = {DEFAULT_SECTION: {one: shared[one] for one in shared if one not in left_out}}
    has_default = False
    for header, section in text.sections.items():
        is_default, name = _is_default_section(header), section_name(header, "profile")
        # Some SDKs take `[prod]` for a profile: https://github.com/aws/aws-sdk-go (version 1).
        is_kept = kept is None or header in kept or header.split()[:1] in _OF_NO_PROFILE
        if not is_kept and not is_default:
            continue
        keys = section.values()
        had_static = not _STATIC_KEYS.isdisjoint(keys.keys() | shared.keys())
        if is_default and settings is not None:
            has_default = True
            keys = {one: keys[one] for one in keys if not _is_identity_key(one)} | dict(settings)
        else:
            keys = {**keys, **{one: moved[one] for one in moved if one not in keys}}
        keys = {one: keys[one] for one in keys if one not in _STATIC_KEYS}
        if name is not None and not is_default and (had_static or name in profiles_with_keys):
            keys |= {"credential_process": _REFUSAL} if _SOURCES.isdisjoint(keys) else {}
        copied[header] = keys
    if settings and not has_default:
        copied["default"] = dict(settings)
    made = "\n".join(
        "\n".join([f"[{header}]", *map(_config_line_of_key, keys, keys.values()), ""])
        for header, keys in copied.items()
        if keys or header != DEFAULT_SECTION
    )
    after = ConfigText(made.encode(), text.origin)
    found = {header: section.values() for header, section in after.sections.items()}
    if {DEFAULT_SECTION: after.defaults.values(), **found} != copied:
        raise ConfigInvalid(f"{text.origin}: the file's form is too unusual to be copied")
    return made


def _is_identity_key(key: str) -> bool:
    return key in _IDENTITY_KEYS or key.startswith(_IDENTITY_PREFIXES)


def _is_default_section(header: str) -> bool:
    """Return whether any SDK reads this section as [default]. Go's SDK ignores spaces there."""
    return header.strip().lower() == "default" or section_name(header, "profile") == "default"


def _config_line_of_key(name: str, value: str) -> str:
    # A value's further lines are indented, as botocore requires.
    return f"{name} = {value}".rstrip().replace(" \n", "\n").replace("\n", "\n    ")
