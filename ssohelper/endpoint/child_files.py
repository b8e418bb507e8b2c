"""The config that a child of the endpoint sees: the profile's settings, and nobody's identity."""

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.model import Profile

# Keys that say who one is, or how to become it. SDKs take any of them before the endpoint.
_IDENTITY_KEYS = frozenset(
    {
        "source_profile",
        "external_id",
        "duration_seconds",
        "mfa_serial",
        "web_identity_token_file",
        "login_session",
        "services",  # the section is copied when the key is
    }
)
_IDENTITY_PREFIXES = ("sso_", "aws_", "role_", "credential_", "granted_", "ssohelper_")


def config_text(config: ConfigFile, profile: Profile, region: str) -> str:
    """Return a config with one [default]: region and other keys that are not identity."""
    entry = config.profile(profile.name)
    keys = dict(entry.keys) if entry else {}
    lines = ["[default]"]
    for name, value in {**keys, "region": region}.items():
        if name not in _IDENTITY_KEYS and not name.startswith(_IDENTITY_PREFIXES):
            lines.append(_line(name, value))
    services = keys.get("services")
    section = config.text.sections.get(f"services {services}")
    if section is not None:
        lines.append(f"services = {services}")
        lines += ["", f"[{section.header}]"]
        lines += [_line(name, key.value) for name, key in section.keys.items()]
    return "\n".join(lines) + "\n"


def _line(name: str, value: str) -> str:
    """Return a key with its value; the lines of a nested block are indented as botocore wants."""
    first, *nested = value.split("\n")
    return "\n".join([f"{name} = {first}".rstrip(), *(f"    {line}" for line in nested if line)])
