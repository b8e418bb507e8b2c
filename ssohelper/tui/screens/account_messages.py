"""The texts above the list of roles: what is wrong with the config, or why no role is listed."""

from ssohelper.actions.roles import KnownRoles
from ssohelper.core.text import count_text, show
from ssohelper.errors import SsoHelperError
from ssohelper.tui.keys import KeyOf, insert_key_names

_CORRECTED = "Correct the error in the file, then press {accounts.refresh} to read the file again."
_NO_LIST = (
    "No roles are listed yet: the list is read from AWS after you sign in.\n"
    "To sign in, press {app.sessions}, then {sessions.sign_in}, or run: ssohelper login %s"
)
_NO_ROLE = (
    "No role is assigned to you in %s.\n"
    "When your administrator has assigned one, press {accounts.refresh}, or run:\n"
    "ssohelper list --refresh --session %s"
)


def config_error_text(error: SsoHelperError, key_of: KeyOf) -> str:
    hint = f"\n{show(error.hint)}" if error.hint else ""
    return f"{show(error.message)}{hint}\n{insert_key_names(_CORRECTED, key_of)}"


def empty_list_text(known_roles: KnownRoles, refreshing: str, key_of: KeyOf) -> str:
    """Return why no role is listed, or "" if roles are listed or there is no session."""
    if known_roles.has_role or not known_roles.sessions:
        return ""
    if refreshing:
        return f"Your roles are being listed at AWS: {refreshing}"
    if known_roles.sessions_without_listing:
        return insert_key_names(_NO_LIST, key_of) % known_roles.sessions_without_listing[0].name
    name = known_roles.sessions[0].name
    return insert_key_names(_NO_ROLE, key_of) % (name, name)


def refresh_texts(refreshing: str, missing: int, key_of: KeyOf) -> tuple[str, ...]:
    """Return texts about the lists being refreshed or missing; the longest comes first."""
    if refreshing:
        return f"refreshing {refreshing}", "refreshing"
    if missing:
        key = key_of("app.sessions")
        return (
            f"{count_text(missing, 'session')} not listed yet: {key}",
            f"{missing} not listed: {key}",
        )
    return ()
