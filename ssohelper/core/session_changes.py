"""Plans the changes to ~/.aws/config that add, move or remove a session."""

from collections.abc import Iterator

from ssohelper.core import chains, process_command
from ssohelper.core.config_edit import Change, EditSection, RemoveSection
from ssohelper.core.config_file import ConfigFile, ProfileEntry, is_chain
from ssohelper.core.model import SsoSession

_COMMAND, _SESSION = "credential_process", "sso_session"


def changes_that_move_session(config: ConfigFile, session: SsoSession) -> list[Change]:
    """Return the changes that give the session's section this start URL and region.

    Its profiles that repeat these keys get the new values too, because botocore refuses different
    values.
    """
    wanted = {"sso_start_url": session.start_url, "sso_region": session.region}
    own, changes = config.session_header(session.name), list[Change]()
    users = find_profiles_of_session(config, session.name)
    for header in (own, *(entry.header for entry in users)):
        keys = config.text.sections[header].values() if header else {}
        assign = [
            (key, value)
            for key, value in wanted.items()
            if (key in keys or header == own) and keys.get(key) != value
        ]
        if header and assign:
            changes.append(EditSection(header, tuple(assign)))
    return changes


def changes_that_remove_session(config: ConfigFile, session: SsoSession) -> list[Change]:
    header = config.session_header(session.name)
    managed = [entry for entry in find_profiles_of_session(config, session.name) if entry.managed]
    removals = [RemoveSection(entry.header) for entry in managed]
    return [*removals, RemoveSection(header)] if header else []


def find_profiles_of_session(config: ConfigFile, session_name: str) -> list[ProfileEntry]:
    """Return the profiles that name the session directly, in the order of the config."""
    found = []
    for entry in config.profiles():
        keys = config.text.sections[entry.header].values()  # without the keys of [DEFAULT]
        options = process_command.ssohelper_options(keys.get(_COMMAND, "")) or {}
        if session_name in (keys.get(_SESSION), options.get("--session")):
            found.append(entry)
    return found


def find_undefined_sessions(config: ConfigFile) -> dict[str, list[str]]:
    """Return the sessions that profiles name but the config does not define, with these profiles.

    The name may be invalid for a session. No other function decides which session is missing.
    """
    defined, found = set(config.session_names()), dict[str, list[str]]()
    for entry in config.profiles():
        for name in dict.fromkeys(_list_sessions_named_by(config, entry)):
            if name and name not in defined:
                found.setdefault(name, []).append(entry.name)
    return found


def _list_sessions_named_by(config: ConfigFile, entry: ProfileEntry) -> Iterator[str | None]:
    keys = entry.keys
    yield keys.get(_SESSION)
    options = process_command.ssohelper_options(keys.get(_COMMAND, "")) or {}
    yield options.get("--session")
    if "--profile" in options:
        target = config.target_or_none(entry)
        yield target.session_name if target else None


def find_dependent_profiles(config: ConfigFile, session_name: str) -> list[ProfileEntry]:
    """Return the profiles that name the session, then the chains that start from these profiles."""
    users = find_profiles_of_session(config, session_name)
    names = {entry.name for entry in users}
    for entry in config.profiles():
        chain = chains.find_chain_or_none(config, entry) if is_chain(entry) else None
        if chain and entry.name not in names and chain.target.session_name == session_name:
            users.append(entry)
    return users
