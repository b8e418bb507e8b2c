"""Checks of `doctor`: values of keys that AWS tools refuse or cannot use. Pure.

Most are values in profiles. The last check is for keys of [sso-session] sections: AWS tools refuse
profiles that have another value of the same key.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from ssohelper.core import quoted_values
from ssohelper.core.choices import NATIVE, PROCESS
from ssohelper.core.doctor.facts import Facts
from ssohelper.core.doctor.findings import Finding, note, problem, profiles_subject
from ssohelper.core.profile_keys import identity_keys
from ssohelper.core.session_keys import SessionKey, find_session_key_that_differs
from ssohelper.core.text import show

# All regions of all partitions have names of this form: eu-west-1, us-isob-east-1.
_REGION = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}")
_OWN_HOST_KEYS = frozenset(("endpoint_url", "services"))
_CHECKSUM = "(?i:when_supported|when_required)"
# The values of config keys that botocore 1.43 and AWS CLI 2.23 accept. With any other value, they
# stop with an error. The AWS CLI alone reads `output` and keys that start with "cli_".
ACCEPTED = {
    "retry_mode": ("legacy|standard|adaptive", "standard or adaptive"),
    "max_attempts": (r"\s*\+?0*[1-9][0-9]*\s*", "a number from 1"),
    "request_checksum_calculation": (_CHECKSUM, "when_supported or when_required"),
    "response_checksum_validation": (_CHECKSUM, "when_supported or when_required"),
    "cli_timestamp_format": ("(?i:none|wire|iso8601)", "wire or iso8601"),
    "cli_binary_format": ("base64|raw-in-base64-out", "base64 or raw-in-base64-out"),
    # Version 2.23 refuses "off", which later versions know.
    "output": ("json|text|table|yaml|yaml-stream|off", "json, text, table, yaml or yaml-stream"),
}


# Keys that a profile loses when ssohelper converts it from process form to native form.
_LOST_KEYS = ("credential_process",)


def check_quoted_values(facts: Facts) -> Iterator[Finding]:
    """Find values in quotes: AWS tools take the quotes as a part of the value."""
    config = facts.config.file
    for profile in facts.profiles if config is not None else ():
        if config is None:
            continue
        found = list(quoted_values.find_quoted_values(config, profile.entry.header))
        if found:
            yield problem(
                "value-in-quotes",
                profiles_subject([profile.name]),
                quoted_values.quoted_values_text(found),
                quoted_values.remove_quotes_text(config, found),
            )


def check_values_refused_by_aws_tools(facts: Facts) -> Iterator[Finding]:
    """Find values that stop the AWS CLI, and boto3 unless the key is the CLI's, with an error."""
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for profile in facts.profiles:
        for key in ACCEPTED.keys() & profile.entry.keys.keys():
            grouped[key, profile.entry.keys[key]].append(profile.name)
    for (key, value), names in grouped.items():
        pattern, accepted = ACCEPTED[key]
        if not re.fullmatch(pattern, value):
            is_of_cli = key == "output" or key.startswith("cli_")
            tools = "the AWS CLI stops" if is_of_cli else "boto3 and the AWS CLI stop"
            yield problem(
                "value-refused",
                profiles_subject(names),
                f'"{key}" is "{show(value, 60)}": {tools} with an error',
                f"write in an editor {accepted}, or remove the line",
            )
        elif (key, value) == ("retry_mode", "legacy"):
            yield note(
                "value-refused",
                profiles_subject(names),
                '"retry_mode" is "legacy": AWS CLI 2 stops with an error, other tools take it',
                f"write in an editor {accepted}, or remove the line",
            )


def check_region_names(facts: Facts) -> Iterator[Finding]:
    """Find regions that no partition of AWS can have: SDKs look for a host that does not exist.

    Profiles with `endpoint_url` or `services` are not checked: an emulator takes any region.
    """
    grouped: dict[str, list[str]] = defaultdict(list)
    for profile in facts.profiles:
        keys = profile.entry.keys
        region = keys.get("region", "")
        if region and profile.target is not None and _OWN_HOST_KEYS.isdisjoint(keys):
            grouped[region].append(profile.name)
    for region, names in grouped.items():
        if _REGION.fullmatch(region):
            continue
        meant = _region_that_is_meant(region)
        yield problem(
            "region-unknown",
            profiles_subject(names),
            f'no region of AWS has a name like "{show(region, 60)}": AWS tools find no host',
            f'did you mean "{meant}"? correct it in an editor'
            if meant
            else "correct it in an editor: a region looks like eu-west-1",
        )


def _region_that_is_meant(text: str) -> str:
    """Return the region for `us-east1` and for the availability zone `us-east-1a`; "" for others."""
    found = re.fullmatch(r"([a-z-]+?)-?([0-9]{1,2})[a-z]?", text.lower())
    region = f"{found[1]}-{found[2]}" if found else ""
    return region if _REGION.fullmatch(region) else ""


CHECKS = (check_quoted_values, check_values_refused_by_aws_tools, check_region_names)


def check_session_keys(facts: Facts) -> Iterator[Finding]:
    """Report, as a note, session keys for which AWS tools would refuse profiles in native form.

    Another check reports the profiles that AWS tools refuse now.
    """
    config = facts.config.file
    found: dict[SessionKey, None] = {}
    for profile in facts.profiles:
        target = profile.target
        if config is None or target is None or target.session is None or target.form != PROCESS:
            continue
        native = identity_keys(target.session, target.role, NATIVE, "")
        keys = {key: value for key, value in profile.entry.keys.items() if key not in _LOST_KEYS}
        differing = find_session_key_that_differs(config, keys | native)
        if differing is not None:
            found[differing] = None
    for one in found:
        yield note(
            "session-keys",
            f'session "{show(one.session_name, 64)}"',
            f'"{show(one.name, 60)}" has another value than in the profiles of this session: boto3 and '
            'the AWS CLI will refuse the profiles once they are in form "sso"',
            one.fix_text,
        )
