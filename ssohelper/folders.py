"""Where the runtime folder is, and what a hit reads. Light: the hit path imports only this.

The runtime folder holds role credentials and locks: SSOHELPER_HOME/run, else ssohelper in
XDG_RUNTIME_DIR when that is ours, else in /run/user/<uid> when that is ours, else the cache
folder. So cron and a login shell meet in the same place. `shell/ssohelper-credentials` knows the
same places and names: a test holds them together. A relative SSOHELPER_HOME, which would be another
one in each folder that a command starts in, is a ValueError in each of them.
"""

import os
import sys

# Not typing's: importing typing or collections.abc would cost a hit 1 to 7 ms.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def runtime_folder(environ: "Mapping[str, str]") -> str:
    """Return the path of the runtime folder, whether it exists or not."""
    home = _own_home(environ)
    if home:
        return home + "/run"
    for base in (environ.get("XDG_RUNTIME_DIR"), _default_runtime_base()):
        if base and base[0] == "/" and _is_our_folder(base):
            return base + "/ssohelper"
    return cache_folder(environ)


def cache_folder(environ: "Mapping[str, str]") -> str:
    """Return platformdirs' user_cache_dir("ssohelper"), by its own rule: it costs 4 ms to import.

    A test holds these three beside platformdirs, for Linux, macOS and Windows.
    """
    if sys.platform == "win32":
        return _local_app_data(environ) + "/Cache"
    return _base(environ, "XDG_CACHE_HOME", "~/.cache", "~/Library/Caches")


def state_folder(environ: "Mapping[str, str]") -> str:
    """Return where sign-in facts, saved lists and versions are: platformdirs' user_state_dir."""
    home = _own_home(environ)
    if home:
        return home + "/state"
    if sys.platform == "win32":
        return _local_app_data(environ)
    return _base(environ, "XDG_STATE_HOME", "~/.local/state", "~/Library/Application Support")


def config_folder(environ: "Mapping[str, str]") -> str:
    """Return where our settings are: platformdirs' user_config_dir."""
    home = _own_home(environ)
    if home:
        return home
    if sys.platform == "win32":
        return _local_app_data(environ)
    return _base(environ, "XDG_CONFIG_HOME", "~/.config", "~/Library/Application Support")


def settings_file(environ: "Mapping[str, str]") -> str:
    """Return where config.toml is."""
    return config_folder(environ) + "/config.toml"


def settings_stamp(runtime: str) -> str:
    """Return the file that has the modification time of the settings behind the ready documents.

    It is empty when there were no settings.
    """
    return runtime + "/settings"


def now_file(runtime: str) -> str:
    """Return the file that the launcher touches to learn the time."""
    return runtime + "/now"


def ready_document(runtime: str, session: str, account_id: str, role_name: str) -> str:
    """Return the path of the document that answers for this role."""
    return f"{runtime}/credentials/{session}/{account_id}/{role_name}"


def span(runtime: str, session: str, account_id: str, role_name: str) -> str:
    """Return the file that says between which seconds of this machine's uptime that holds."""
    return f"{runtime}/spans/{session}/{account_id}/{role_name}"


def _own_home(environ: "Mapping[str, str]") -> str | None:
    home = environ.get("SSOHELPER_HOME")
    if home and not os.path.isabs(home):
        raise ValueError(f'SSOHELPER_HOME is "{home}": not an absolute path')
    return home


def _base(environ: "Mapping[str, str]", variable: str, linux: str, macos: str) -> str:
    base = environ.get(variable, "")
    # The XDG rule: what is not absolute is not set.
    if base[:1] != "/":
        base = os.path.expanduser(macos if sys.platform == "darwin" else linux)
    return base + "/ssohelper"


def _local_app_data(environ: "Mapping[str, str]") -> str:
    base = environ.get("LOCALAPPDATA") or os.path.expanduser("~/AppData/Local")
    return base + "/ssohelper"


def _default_runtime_base() -> str | None:
    if sys.platform == "win32":
        return None
    return f"/run/user/{os.getuid()}"


def _is_our_folder(path: str) -> bool:
    if sys.platform == "win32":
        return False
    try:
        found = os.stat(path)
    except OSError:
        return False
    return (found.st_mode & 0o170000) == 0o040000 and found.st_uid == os.geteuid()
