"""Checks of `doctor`: sign-ins, saved lists of roles, what `profile sync` remembers. Pure."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator

from ssohelper.core import adoption
from ssohelper.core.clock_text import ago_text, has_ended_text
from ssohelper.core.config_text import is_quoted
from ssohelper.core.doctor.adopt_commands import AdoptCommands
from ssohelper.core.doctor.facts import Facts, ProfileFact, SessionFact
from ssohelper.core.doctor.findings import Finding, missing_sign_in, note, problem, profiles_subject
from ssohelper.core.instants import duration_text, to_iso
from ssohelper.core.listing import Listing
from ssohelper.core.similar_names import did_you_mean
from ssohelper.core.start_url import normalized_start_url
from ssohelper.core.text import FEW_NAMES, shortened_name_list, show

SOON_SECONDS = 30 * 60
REGISTRATION_SOON_SECONDS = 24 * 3600
# AWS documents that a changed permission set takes some minutes to reach all accounts.
CACHED_SECONDS = 5 * 60


def check_sign_ins(facts: Facts) -> Iterator[Finding]:
    """Find sessions that need an interactive sign-in, now or soon."""
    for fact in facts.sessions:
        name, outlook = fact.session.name, fact.outlook
        subject = f'session "{name}"'
        machine = facts.machine
        if fact.failure is not None:
            # Another check reports settings or a state folder that cannot be used.
            if machine.settings_failure is None and machine.state_failure is None:
                yield problem(
                    "sign-in-unreadable",
                    subject,
                    fact.failure.message,
                    fact.failure.hint or f"ssohelper login {name}",
                )
        elif outlook.is_sign_in_needed(facts.now):
            why = {
                "signed out": "no sign-in is saved",
                "damaged": "the token file is damaged",
                "refused": "AWS has ended the sign-in",
                "not renewable": "the access token has expired and cannot be renewed",
            }.get(outlook.reason, f"the sign-in {has_ended_text(outlook)}")
            if not outlook.is_over(facts.now) and outlook.token_expires_at is not None:
                left = duration_text(outlook.token_expires_at - facts.now)
                why += f"; its last access token works for {left}"
            yield missing_sign_in("signed-out", subject, why, f"ssohelper login {name}")
        elif outlook.is_sign_in_needed(facts.now, SOON_SECONDS):
            left = duration_text((outlook.sign_in_needed_at or facts.now) - facts.now)
            yield note(
                "sign-in-ends",
                subject,
                f"a new sign-in is needed in {left}",
                f"ssohelper login {name} --force",
            )


def check_client_registrations(facts: Facts) -> Iterator[Finding]:
    """Report, as a note, client registrations that end soon: after that no token can be renewed."""
    for fact in facts.sessions:
        ends_at = fact.registration_ends_at
        if fact.outlook.is_sign_in_needed(facts.now) or ends_at is None:
            continue
        if ends_at - facts.now < REGISTRATION_SOON_SECONDS:
            left = max(0, ends_at - facts.now)
            when = f"ends in {duration_text(left)}" if left else "has ended"
            yield note(
                "registration-ends",
                f'session "{fact.session.name}"',
                f"the client registration {when}; no token is renewed after that",
                f"ssohelper login {fact.session.name} --force",
            )


def check_regions_of_portals(facts: Facts) -> Iterator[Finding]:
    """Find profiles without sso_session whose `sso_region` is not the region of their portal."""
    sessions = [(fact.session, fact.regions) for fact in facts.sessions]
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for profile in (*facts.profiles, *facts.sources):
        keys = profile.entry.keys
        if profile.target is not None and profile.target.form == "legacy":
            region = adoption.find_correct_sso_region(keys, sessions)
            if region is not None:
                grouped[keys["sso_region"], region].append(profile.name)
    commands = AdoptCommands(facts)
    for (own, region), names in grouped.items():
        adopt = commands.commands_to_adopt(names)
        edit = f"write in an editor: sso_region = {region}"
        yield problem(
            "wrong-sso-region",
            profiles_subject(names),
            adoption.wrong_region_text(own, region),
            f"{adopt}, or {edit}" if adopt else edit,
        )


def check_legacy_tokens(facts: Facts) -> Iterator[Finding]:
    """Find profiles without an [sso-session] that lack the separate sign-in that they need."""
    commands = AdoptCommands(facts)
    for token in facts.tokens:
        # A profile without a start URL cannot have a sign-in; another check reports such a profile.
        works = token.ends_at is not None and token.ends_at > facts.now
        if not token.start_url or works or is_quoted(token.start_url):
            continue  # a URL in quotes has a finding of its own
        state = "has no sign-in" if token.ends_at is None else "has a sign-in that expired"
        login = f"aws sso login --profile {shlex.quote(show(token.profiles[0], 80))}"
        adopt = commands.commands_to_adopt(token.profiles)
        yield missing_sign_in(
            "legacy-token",
            profiles_subject(token.profiles),
            f"{show(token.start_url, 200)} {state} of the old kind, which a profile without "
            "sso_session needs",
            f"{adopt}, or sign in with: {login}" if adopt else login,
        )


def check_sessions_of_same_portal(facts: Facts) -> Iterator[Finding]:
    """Report, as a note, sessions that share a portal: each needs its own sign-in, maybe on purpose."""
    grouped: dict[str, list[SessionFact]] = defaultdict(list)
    portals = {
        normalized_start_url(one.start_url): normalized_start_url(one.portal_url)
        for one in (fact.session for fact in facts.sessions)
        if one.portal_url is not None
    }
    for fact in facts.sessions:
        url = normalized_start_url(fact.session.start_url)
        grouped[portals.get(url, url)].append(fact)
    for same in grouped.values():
        url, names = same[0].session.aws_url, [one.session.name for one in same]
        if len(names) > 1:
            yield note(
                "sessions-of-one-portal",
                f"sessions {', '.join(f'{name!r}' for name in names)}".replace("'", '"'),
                f"all lead to {show(url, 200)}: each needs a sign-in of its own",
                "keep one of the sessions, unless they are of different users",
            )


def check_roles_no_longer_listed(facts: Facts) -> Iterator[Finding]:
    """Find profiles of roles that AWS no longer lists; propose the nearest role of the account."""
    for fact, listing in _sessions_with_complete_listing(facts):
        offered = _group_roles_by_account(listing)
        lost = _find_profiles_of_roles_no_longer_listed(facts, fact, listing, offered)
        if lost:
            yield _finding_of_roles_no_longer_listed(lost, fact, offered, to_iso(listing.listed_at))


def _sessions_with_complete_listing(facts: Facts) -> list[tuple[SessionFact, Listing]]:
    return [
        (fact, fact.listing)
        for fact in facts.sessions
        if fact.listing is not None and fact.listing.is_complete
    ]


def _group_roles_by_account(listing: Listing) -> dict[str, list[str]]:
    offered: dict[str, list[str]] = defaultdict(list)
    for account in listing.accounts:
        if not account.refused:
            offered[account.account.id] += account.roles
    return offered


def _find_profiles_of_roles_no_longer_listed(
    facts: Facts, session_fact: SessionFact, listing: Listing, listed_names: dict[str, list[str]]
) -> list[ProfileFact]:
    refused = {account.account.id for account in listing.accounts if account.refused}
    return [
        profile
        for profile in (*facts.profiles, *facts.sources)
        if profile.target is not None
        and profile.target.session_name == session_fact.session.name
        and profile.target.role.account_id not in refused
        and profile.target.role.name not in listed_names[profile.target.role.account_id]
    ]


def _finding_of_roles_no_longer_listed(
    profiles: list[ProfileFact],
    session_fact: SessionFact,
    listed_names: dict[str, list[str]],
    listed_at: str,
) -> Finding:
    session_name = session_fact.session.name
    target = profiles[0].target
    assert target is not None
    role = target.role
    if len(profiles) > 1:
        message = f"the roles of these profiles are not in AWS's list of {listed_at}"
    else:
        names = listed_names[role.account_id]
        there = (
            f"account {role.account_id} offers {', '.join(names[:FEW_NAMES])}"
            if names
            else f"AWS listed no role of account {role.account_id}"
        )
        message = f'"{role.name}" is not in AWS\'s list of {listed_at}; {there}'
    meant = did_you_mean(role.name, listed_names[role.account_id]) if len(profiles) == 1 else ""
    fix = f"{meant}refresh the list: ssohelper list --refresh --session {session_name}"
    if any(one.entry.managed for one in profiles):
        fix += f"; remove the profiles: ssohelper profile sync --prune --session {session_name}"
    return problem("role-lost", profiles_subject([one.name for one in profiles]), message, fix)


def check_roles_without_profile(facts: Facts) -> Iterator[Finding]:
    """Report, as a note, listed roles that have no profile yet."""
    for fact in facts.sessions:
        new = fact.new_roles
        if new and facts.chosen is None:
            names = shortened_name_list([show(name, 80) for name in new], FEW_NAMES)
            yield note(
                "roles-without-profile",
                f'session "{fact.session.name}"',
                f"{len(new)} listed role{'s have' if len(new) > 1 else ' has'} no profile: {names}",
                f"ssohelper profile sync --session {fact.session.name}",
            )


def check_remembered_filters(facts: Facts) -> Iterator[Finding]:
    """Report, as a note, remembered filters, which every `profile sync` applies again."""
    for fact in facts.sessions:
        if fact.filters and facts.chosen is None:
            left_out = f"; they leave out {fact.left_out} roles" if fact.left_out else ""
            yield note(
                "filters",
                f'session "{fact.session.name}"',
                f"profile sync repeats these filters: {show(fact.filters, 200)}{left_out}",
                f"to have all roles: ssohelper profile sync --account '*' --role '*' "
                f"--session {fact.session.name}",
            )


def check_cached_credentials(facts: Facts) -> Iterator[Finding]:
    """Report the age of the profile's cached credentials: they lack permissions granted since."""
    if facts.chosen is None or facts.issued_at is None:
        return
    age = facts.now - facts.issued_at
    if age > CACHED_SECONDS:
        yield note(
            "cached-credentials",
            profiles_subject([facts.chosen]),
            f"the profile's role credentials were issued {ago_text(age)}; a permission that was "
            "granted since needs new ones",
            "ssohelper cache clear",
        )


CHECKS = (
    check_sign_ins,
    check_client_registrations,
    check_regions_of_portals,
    check_legacy_tokens,
    check_sessions_of_same_portal,
    check_roles_no_longer_listed,
    check_roles_without_profile,
    check_remembered_filters,
    check_cached_credentials,
)
