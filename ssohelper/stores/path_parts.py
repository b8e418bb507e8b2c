"""Names from outside that become parts of paths: checked here, by core.model's own rules."""

from ssohelper.core.model import ACCOUNT_ID, ROLE_NAME, SESSION_NAME, RoleKey
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid


def session_part(name: str) -> str:
    """Return the session's name when it may be a file's name, else raise ConfigInvalid."""
    if not SESSION_NAME.fullmatch(name):
        raise ConfigInvalid(
            f'"{show(name, 80)}" cannot be a session\'s name',
            hint="letters, digits, dot, dash and underscore; at most 64, beginning with a letter or digit",
        )
    return name


def role_parts(key: RoleKey) -> tuple[str, str, str]:
    """Return session, account id and role name, each fit to be a file's name."""
    if not ACCOUNT_ID.fullmatch(key.account_id):
        raise ConfigInvalid(f'"{show(key.account_id, 80)}" is no account id: 12 digits')
    if not ROLE_NAME.fullmatch(key.role_name):
        raise ConfigInvalid(f'"{show(key.role_name, 80)}" is no role name')
    return session_part(key.session_name), key.account_id, key.role_name
