"""Checks of `doctor`: keys in [sso-session] sections that are not for sessions. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ssohelper.core.choices import NATIVE, PROCESS
from ssohelper.core.doctor.facts import Facts
from ssohelper.core.doctor.findings import Finding, note
from ssohelper.core.profile_keys import identity_keys
from ssohelper.core.session_keys import SessionKey, find_session_key_that_differs
from ssohelper.core.text import show

# Keys that ssohelper removes from a profile when it writes the profile in the form "process".
_LOST_KEYS = ("credential_process",)


def check_session_keys(facts: Facts) -> Iterator[Finding]:
    """Note keys of a session for which AWS tools would refuse its profiles in native form.

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
            one.fix,
        )


CHECKS = (check_session_keys,)
