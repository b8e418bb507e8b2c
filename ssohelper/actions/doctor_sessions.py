"""Checks of `doctor`: sign-ins, saved lists of roles, what `profile sync` remembers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from ssohelper.actions.doctor_facts import Setup, error_of
from ssohelper.actions.profile_checks import ProfileFact
from ssohelper.core.choices import Choices, role_filter
from ssohelper.core.clock_text import ago_text, has_ended_text
from ssohelper.core.findings import Finding, finding
from ssohelper.core.instants import duration_text, to_iso
from ssohelper.core.model import Role
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.core.similar_names import did_you_mean
from ssohelper.core.text import FEW_NAMES, shortened_name_list, show
from ssohelper.errors import SsoHelperError

if TYPE_CHECKING:
    from ssohelper.core.listing import Listing
    from ssohelper.core.model import SsoSession

SOON_SECONDS = 30 * 60
# AWS documents that a changed permission set takes some minutes to reach all accounts.
_CACHED_SECONDS = 5 * 60
_REASONS = {
    "signed out": "no sign-in is saved",
    "damaged": "the token file is damaged",
    "refused": "AWS has ended the sign-in",
    "not renewable": "the access token has expired and cannot be renewed",
}


def check_sign_ins(setup: Setup) -> Iterator[Finding]:
    for session in setup.sessions:
        app, outlook = setup.app, setup.outlook(session)
        subject, login = f'session "{session.name}"', f"ssohelper login {session.name}"
        error = error_of(partial(app.choices.load, session.name))
        error = outlook if isinstance(outlook, SsoHelperError) else error
        if error is not None:
            # Another check reports settings or a state folder that cannot be used.
            if setup.settings_error is None and setup.state_error is None:
                yield finding("sign-in-unreadable", subject, error.message, error.hint or login)
        elif isinstance(outlook, Outlook):
            yield from _check_outlook(setup, session, outlook)
    if setup.settings_error is None:
        yield from _check_cached_credentials(setup)


def _check_outlook(setup: Setup, session: SsoSession, outlook: Outlook) -> Iterator[Finding]:
    subject, now = f'session "{session.name}"', setup.now
    login = f"ssohelper login {session.name}"
    if outlook.is_sign_in_needed(now):
        why = _REASONS.get(outlook.reason, f"the sign-in {has_ended_text(outlook)}")
        if not outlook.is_over(now) and outlook.token_expires_at is not None:
            why += (
                f"; its last access token works for {duration_text(outlook.token_expires_at - now)}"
            )
        yield finding("signed-out", subject, why, login)
        return
    if outlook.is_sign_in_needed(now, SOON_SECONDS):
        left = duration_text((outlook.sign_in_needed_at or now) - now)
        yield finding(
            "sign-in-ends", subject, f"a new sign-in is needed in {left}", f"{login} --force"
        )


def _check_cached_credentials(setup: Setup) -> Iterator[Finding]:
    """Report the age of the profile's cached credentials: they lack permissions granted since."""
    for profile in setup.profiles if setup.chosen is not None else ():
        target, app = profile.target, setup.app
        if target is None or target.session is None:
            continue
        try:
            cached = app.credentials.load(target.session.key_of(target.role), target.session)
        except SsoHelperError:
            return
        if cached is None or cached.credentials.expires_at <= app.clock.aws_now():
            continue
        age = setup.now - cached.received_at
        if age > _CACHED_SECONDS:
            what = f"the profile's role credentials were issued {ago_text(age)}; a permission that "
            yield finding(
                "cached-credentials", [profile.name], f"{what}was granted since needs new ones"
            )


def check_lists(setup: Setup) -> Iterator[Finding]:
    """Find profiles of roles that AWS no longer lists, and listed roles without a profile."""
    for session in setup.sessions:
        listing = setup.listings.get(session.name)
        if listing is not None and listing.is_complete:
            yield from _check_lost_roles(setup, session, listing)
        try:
            choices = setup.app.choices.load(session.name)
        except SsoHelperError:
            continue
        if setup.chosen is None:
            yield from _check_filters(setup, session, listing, choices)


def _check_filters(
    setup: Setup, session: SsoSession, listing: Listing | None, choices: Choices
) -> Iterator[Finding]:
    is_wanted, new, left_out = role_filter(choices), list[str](), 0
    for account in listing.accounts if listing is not None else ():
        for name in account.roles:
            role = Role(account.account.id, name)
            if not is_wanted(account.account, name):
                left_out += 1
            elif role not in setup.roles_with_profile and role not in choices.removed:
                new.append(show(f"{account.account.name or account.account.id}/{name}", 80))
    subject, sync = f'session "{session.name}"', "ssohelper profile sync"
    if new and session.name in setup.managed_sessions:
        have, names = "have" if len(new) > 1 else "has", shortened_name_list(new, FEW_NAMES)
        message = f"{len(new)} listed role{'s' * (len(new) > 1)} {have} no profile: {names}"
        yield finding("roles-without-profile", subject, message, f"{sync} --session {session.name}")


def _check_lost_roles(setup: Setup, session: SsoSession, listing: Listing) -> Iterator[Finding]:
    """Find profiles of roles that AWS no longer lists; propose the nearest role of the account."""
    offered: dict[str, list[str]] = defaultdict(list)
    for account in listing.accounts:
        offered[account.account.id] += account.roles
    refused = {account.account.id for account in listing.accounts if account.refused}
    lost = list[tuple[ProfileFact, Role]]()
    for one in (*setup.profiles, *setup.sources):
        if one.target is not None and one.target.session_name == session.name:
            role = one.target.role
            if role.account_id not in refused and role.name not in offered[role.account_id]:
                lost.append((one, role))
    if not lost:
        return
    at, role, meant = to_iso(listing.listed_at), lost[0][1], ""
    message = f"the roles of these profiles are not in AWS's list of {at}"
    if len(lost) == 1:
        names = offered[role.account_id]
        there = f"account {role.account_id} offers {', '.join(names[:FEW_NAMES])}"
        there = there if names else f"AWS listed no role of account {role.account_id}"
        message = f'"{role.name}" is not in AWS\'s list of {at}; {there}'
        meant = did_you_mean(role.name, names)
    fix = f"{meant}refresh the list: ssohelper list --refresh --session {session.name}"
    if any(one.entry.managed for one, _ in lost):
        fix += f"; remove the profiles: ssohelper profile sync --prune --session {session.name}"
    yield finding("role-lost", [one.name for one, _ in lost], message, fix)
