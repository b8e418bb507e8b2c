"""Checks of `doctor`: sign-ins, saved lists of roles, what `profile sync` remembers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ssohelper.actions.doctor_facts import Setup, error_of
from ssohelper.core.choices import role_filter
from ssohelper.core.clock_text import ago_text, has_ended_text
from ssohelper.core.findings import Finding, finding
from ssohelper.core.instants import duration_text, to_iso
from ssohelper.core.model import Role
from ssohelper.core.similar_names import did_you_mean
from ssohelper.core.text import FEW_NAMES, count_text, shortened_name_list, show
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
        outlook, now = setup.outlook(session), setup.now
        subject, login = f'session "{session.name}"', f"ssohelper login {session.name}"
        error = error_of(partial(setup.app.choices.load, session.name))
        error = outlook if isinstance(outlook, SsoHelperError) else error
        # Another check reports settings or a state folder that cannot be used.
        if error is not None and setup.settings_error is None and setup.state_error is None:
            yield finding("sign-in-unreadable", subject, error.message, error.hint or login)
        if error is not None or isinstance(outlook, SsoHelperError):
            continue
        if outlook.is_sign_in_needed(now):
            why = _REASONS.get(outlook.reason, f"the sign-in {has_ended_text(outlook)}")
            if not outlook.is_over(now) and outlook.token_expires_at is not None:
                left = duration_text(outlook.token_expires_at - now)
                why += f"; its last access token works for {left}"
            yield finding("signed-out", subject, why, login)
        elif outlook.is_sign_in_needed(now, SOON_SECONDS):
            left = duration_text((outlook.sign_in_needed_at or now) - now)
            message = f"a new sign-in is needed in {left}"
            yield finding("sign-in-ends", subject, message, f"{login} --force")
    if setup.settings_error is None:
        yield from _check_cached_credentials(setup)


def _check_cached_credentials(setup: Setup) -> Iterator[Finding]:
    """Report how old the profile's cached credentials are: permissions granted since may be
    missing.
    """
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
    for session in setup.sessions:
        listing = setup.listings.get(session.name)
        if listing is not None and listing.is_complete:
            yield from _check_lost_roles(setup, session, listing)
        if listing is not None and setup.chosen is None and session.name in setup.managed_sessions:
            with suppress(SsoHelperError):  # another check reports choices that cannot be read
                yield from _check_new_roles(setup, session, listing)


def _check_new_roles(setup: Setup, session: SsoSession, listing: Listing) -> Iterator[Finding]:
    choices = setup.app.choices.load(session.name)
    is_wanted, new = role_filter(choices), list[str]()
    for account, roles in ((one.account, one.roles) for one in listing.accounts):
        for role in (Role(account.id, name) for name in roles if is_wanted(account, name)):
            if role not in setup.roles_with_profile and role not in choices.removed:
                new.append(show(f"{account.name or account.id}/{role.name}", 80))
    if new:
        have, names = "have" if len(new) > 1 else "has", shortened_name_list(new, FEW_NAMES)
        message = f"{count_text(len(new), 'listed role')} {have} no profile: {names}"
        fix = f"ssohelper profile sync --session {session.name}"
        yield finding("roles-without-profile", f'session "{session.name}"', message, fix)


def _check_lost_roles(setup: Setup, session: SsoSession, listing: Listing) -> Iterator[Finding]:
    """Find profiles of roles that AWS no longer lists; propose the nearest role of the account."""
    offered = defaultdict[str, list[str]](list)
    for account in listing.accounts:
        offered[account.account.id] += account.roles
    refused = {account.account.id for account in listing.accounts if account.refused}
    lost = [
        (one, target.role)
        for one in setup.examined
        if (target := one.target) is not None
        and target.session_name == session.name
        and target.role.account_id not in refused
        and target.role.name not in offered[target.role.account_id]
    ]
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
