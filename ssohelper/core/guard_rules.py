"""Decides which roles the setting `guard.rules` guards, so that their use needs a grant.

A rule is `[SESSION:]ACCOUNT[/ROLE]`, of globs without regard to case; an empty part matches
anything. ACCOUNT matches the account's name or id, SESSION every session of that session's portal.
A rule `#NAME` stands for the rules of the user's tag NAME.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from ssohelper.core.model import Account, SsoSession
from ssohelper.core.portal_address import normalized_urls_of_portal
from ssohelper.core.text import compile_glob

TAG_SIGN = "#"


# One interpretation of a rule: whether it is the usual one (the slash is no part of the account's
# name), and the matchers for session, account and role.
_Match = Callable[[str], re.Match[str] | None]
_Interpretation = tuple[bool, _Match, _Match, _Match]


def expand_tags(rules: Iterable[str], tags: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the rules; each rule `#NAME` is replaced by the patterns of the tag NAME."""
    found: dict[str, None] = {}
    for rule in rules:
        tag = tag_of_rule(rule)
        found.update(dict.fromkeys([rule] if tag is None else tags.get(tag, ())))
    return tuple(found)


def tag_of_rule(rule: str) -> str | None:
    return rule[len(TAG_SIGN) :] if rule.startswith(TAG_SIGN) else None


def find_undefined_tag(rules: Iterable[str], tags: Mapping[str, Sequence[str]]) -> str | None:
    return next(
        (tag for tag in map(tag_of_rule, rules) if tag is not None and tag not in tags), None
    )


def for_portals(rules: Iterable[str], sessions: Sequence[SsoSession]) -> tuple[str, ...]:
    """Return the rules, each `SESSION:…` also for every other session of that session's portal.

    Otherwise a second session of the portal would release the roles that the rule guards.
    """
    found = dict.fromkeys(rules)
    for rule in tuple(found):
        pattern, colon, rest = rule.partition(":")
        is_named = compile_glob(pattern.casefold()).match
        named = [one for one in sessions if colon and is_named(one.name.casefold())]
        urls = {url for one in named for url in normalized_urls_of_portal(one)}
        for one in sessions:
            if one not in named and not urls.isdisjoint(normalized_urls_of_portal(one)):
                found[f"{one.name}:{rest}"] = None
    return tuple(found)


def is_guarded(rules: Iterable[str], session_name: str, account: Account, role_name: str) -> bool:
    """Compares only the id of an account whose name is unknown (""). Lists use this function.

    Decisions and prompts use `find_guarding_rule`. A list's row without an account id is not
    guarded.
    """
    if not account.id:
        return False
    return find_guarding_rule(rules, session_name, account, role_name, is_strict=False) is not None


def find_guarding_rule(
    rules: Iterable[str],
    session_name: str,
    account: Account,
    role_name: str,
    *,
    is_strict: bool,
) -> str | None:
    """With `is_strict`, an account whose name is unknown ("") matches every pattern for names."""
    session, role = session_name.casefold(), role_name.casefold()
    names = [text.casefold() for text in (account.name, account.id) if text]
    is_unknown = is_strict and not account.name
    for rule in rules:
        for is_usual, is_session, is_account, is_role in _interpretations_of_rule(rule):
            is_known = (is_unknown and is_usual) or any(map(is_account, names))
            if is_session(session) and is_role(role) and is_known:
                return rule
    return None


@lru_cache(maxsize=256)
def _interpretations_of_rule(rule: str) -> tuple[_Interpretation, ...]:
    """Return every interpretation of the rule, since an account's name may contain `:` or `/`.

    The rule guards a role if any interpretation matches: users notice a role that is guarded by
    mistake.
    """
    found = list[_Interpretation]()
    account_part, slash, role = rule.rpartition("/")
    readings = [(True, account_part, role), (False, rule, "")] if slash else [(True, rule, "")]
    for is_usual, whole, role_part in readings:
        is_role, (session, colon, account) = _matcher(role_part), whole.partition(":")
        found.append((is_usual and not colon, _matcher(""), _matcher(whole), is_role))
        if colon:
            found.append((is_usual, _matcher(session), _matcher(account), is_role))
    return tuple(found)


def _matcher(pattern: str) -> _Match:
    return compile_glob(pattern.casefold() or "*").match
