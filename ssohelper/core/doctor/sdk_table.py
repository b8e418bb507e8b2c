"""Finds what the table of `doctor PROFILE` shows: the credentials that each SDK takes. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ssohelper.core.config_file import ProfileEntry, assumes_role
from ssohelper.core.doctor import checks, credential_sources, sdk_order
from ssohelper.core.doctor.facts import Facts, ProfileFact
from ssohelper.core.doctor.sdk_order import SdkCredentials
from ssohelper.core.source_profiles import list_source_profiles, unusable_source_text
from ssohelper.core.text import show

# The findings that make a source profile useless for every SDK. Other findings concern some SDK
# families, and `sdk_order` decides which.
_OF_EVERY_SDK = frozenset(
    (
        *("session-missing", "profile-invalid", "iam-role-name", "role-lost", "wrong-sso-region"),
        *("helper-missing", "program-missing", "value-in-quotes"),
    )
)


def find_credentials_of_profiles_by_sdk(facts: Facts) -> list[SdkCredentials]:
    """Return which credentials each SDK family takes for the profiles in this shell.

    A family that has no credentials with which to assume the profile's role gets an error.
    """
    resolved = []
    for profile in facts.profiles:
        if not profile.entry.header:
            continue  # a role that no profile names, which no SDK can use
        reasons = _find_why_role_cannot_be_assumed(facts, profile)
        for one in _find_credentials_of_profile_by_sdk(facts, profile, facts.environ):
            reason = reasons.get(one.family) if one.kind == "assumed role" else None
            resolved.append(SdkCredentials(one.family, "error", reason) if reason else one)
    return resolved


def _find_credentials_of_profile_by_sdk(
    facts: Facts, profile: ProfileFact, environ: Mapping[str, str]
) -> list[SdkCredentials]:
    section = facts.config.credentials.get(profile.name, {})
    return sdk_order.find_credentials_of_each_sdk(
        profile, facts.config.file, section, environ, programs=facts.programs
    )


def _find_why_role_cannot_be_assumed(facts: Facts, profile: ProfileFact) -> dict[str, str]:
    """Return, by SDK family, why there are no credentials that can assume the profile's role."""
    config = facts.config.file
    if config is None or not assumes_role(profile.entry.keys):
        return {}
    reasons: dict[str, str] = {}
    for source in list_source_profiles(config, profile.entry):
        for family, reason in _find_why_source_fails(facts, source).items():
            reasons.setdefault(family, reason)
    last = credential_sources.find_last_source_profile(facts, profile.entry)
    taken = last or profile.entry
    missing = credential_sources.missing_variables_text(
        facts, taken.keys.get("credential_source", "")
    )
    if missing and not _has_fixed_keys(facts, taken):
        text = unusable_source_text(last.name, missing) if last else missing
        reasons = dict.fromkeys(sdk_order.FAMILIES, text) | reasons
    return reasons


def _find_why_source_fails(facts: Facts, source: ProfileEntry) -> dict[str, str]:
    """Return, by SDK family, why this source profile gives no credentials."""
    known = {one.name: one for one in (*facts.profiles, *facts.sources)}
    profile, name = known.get(source.name, ProfileFact(source)), show(source.name, 80)
    if _has_fixed_keys(facts, source):
        return {}
    does_not_work = f'its source profile "{name}" does not work'
    problem = checks.find_problem_of_source_profiles(facts, [profile]).get(source.name)
    if problem is not None and problem.id in _OF_EVERY_SDK:
        return dict.fromkeys(sdk_order.FAMILIES, does_not_work)
    texts = {
        "nothing": f'its source profile "{name}" has no credentials',
        "error": does_not_work,
    }
    found = _find_credentials_of_profile_by_sdk(facts, profile, {})
    return {one.family: texts[one.kind] for one in found if one.kind in texts}


def _has_fixed_keys(facts: Facts, entry: ProfileEntry) -> bool:
    """Return whether this source profile has fixed keys, which SDKs prefer to its other sources."""
    section = facts.config.credentials.get(entry.name, {})
    return "aws_access_key_id" in entry.keys or "aws_access_key_id" in section
