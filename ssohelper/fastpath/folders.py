"""Returns the paths of ssohelper's folders and of the files that a hit reads. Must import little.

Without SSOHELPER_HOME, the runtime folder is in XDG_RUNTIME_DIR, else in /run/user/<uid> if only
our user may use that, else it is the cache folder: so cron uses the same folder as a login shell.
`shell/ssohelper-credentials` has the same rules and names; a test compares the two.
"""

import os
import sys

# Importing typing or collections.abc takes 1 to 7 ms.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


# Only root writes this file, and no environment variable changes its path.
COMPANY_POLICY = "/etc/ssohelper/policy.toml"

AWS_FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
# A variable with the path of the config that `exec` made for its command, and the paths of the
# user's own config and credentials file, with os.pathsep between them.
_CONFIG_COPY = "SSOHELPER_CONFIG_COPY"
_COPIES = ("config", "credentials")
# Files of the runtime folder, by which a hit sees whether config.toml or the company's policy has
# changed: each has the modification time that its file had when responses were published, and is
# empty if there was no file. The launcher touches `now`, whose new time is the current time.
SETTINGS_STAMP, POLICY_STAMP, LAUNCHER_TIME = "settings", "policy", "now"
# Files of a session's folder: symlinks to the AWS config, the token file and its folder (which
# depends on HOME) when responses were published; files with the times of config and token file.
CONFIG_LINK, TOKEN_LINK, TOKEN_FOLDER_LINK = "config", "token", "tokens"
CONFIG_STAMP, TOKEN_STAMP = "config-seen", "token-seen"
STAMPS_OF_LINKS = ((CONFIG_LINK, CONFIG_STAMP), (TOKEN_LINK, TOKEN_STAMP))
_LINUX_FOLDERS = {
    "cache": ("XDG_CACHE_HOME", "~/.cache"),
    "state": ("XDG_STATE_HOME", "~/.local/state"),
    "config": ("XDG_CONFIG_HOME", "~/.config"),
}


def runtime_folder(environ: "Mapping[str, str]") -> str:
    home = _value_of_ssohelper_home(environ)
    if home and find_other_home_owner(home + "/run", environ) is None:
        return home + "/run"
    for base in (environ.get("XDG_RUNTIME_DIR"), _default_runtime_base()):
        if base and base[0] == "/" and _is_private(base):
            return base + "/ssohelper"
    return cache_folder(environ)


def cache_folder(environ: "Mapping[str, str]") -> str:
    """Return the cache folder, which is in the user's own home even under `sudo -E`."""
    found = _user_folder_of_kind("cache", environ)
    if find_other_home_owner(found, environ) is None:
        return found
    own_home = _load_own_home()
    if own_home is None:
        return found
    caches = "/Library/Caches" if sys.platform == "darwin" else "/.cache"
    return own_home + caches + "/ssohelper"


def state_folder(environ: "Mapping[str, str]") -> str:
    home = _value_of_ssohelper_home(environ)
    return home + "/state" if home else _user_folder_of_kind("state", environ)


def config_folder(environ: "Mapping[str, str]") -> str:
    return _value_of_ssohelper_home(environ) or _user_folder_of_kind("config", environ)


def settings_file(environ: "Mapping[str, str]") -> str:
    return config_folder(environ) + "/config.toml"


def session_folder(runtime: str, session: str) -> str:
    return f"{runtime}/credentials/{session}"


def role_folder(runtime: str, session: str, account_id: str, role_name: str) -> str:
    """The arguments are those of RoleKey.parts, so `role_name` may include a chain."""
    return f"{runtime}/credentials/{session}/{account_id}/{role_name}"


def response_path(runtime: str, session: str, account_id: str, role_name: str) -> str:
    return role_folder(runtime, session, account_id, role_name) + "/response"


def find_other_home_owner(path: str, environ: "Mapping[str, str]") -> int | None:
    """Return the uid of another user, if the path is in that user's home.

    As under `sudo -E`, or in a root container with a user's ~/.aws. For other users than root,
    root's folder counts as their own: in a container, HOME often belongs to root.
    """
    if sys.platform == "win32":
        return None
    home = environ.get("HOME") or os.path.expanduser("~")
    homes = (home.rstrip("/") + "/", os.path.realpath(home).rstrip("/") + "/")
    if home[:1] != "/" or not path.startswith(homes):
        return None
    us = os.geteuid()
    for place in (home, os.path.dirname(path)):
        owner = _find_nearest_owner(place)
        if owner != us and (us == 0 or owner != 0):
            return owner
    return None


def _find_nearest_owner(folder: str) -> int:
    while True:
        try:
            return os.stat(folder).st_uid
        except OSError:
            above = os.path.dirname(folder)
            if above == folder:
                return 0
            folder = above


def _load_own_home() -> str | None:
    if sys.platform == "win32":
        return None
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return None


def config_copy_variables(folder: str, *originals: object) -> "dict[str, str]":
    copies = [os.path.join(folder, name) for name in _COPIES]
    paths = [copies[0], *(os.path.abspath(str(one)) for one in originals)]
    readable = all(os.pathsep not in one for one in paths)
    return {
        **dict(zip(AWS_FILES, copies, strict=True)),
        _CONFIG_COPY: os.pathsep.join(paths) if readable else "",
    }


def aws_file_variable(environ: "Mapping[str, str]", variable: str = AWS_FILES[0]) -> str:
    """Return the variable's value from before `exec` set it to the path of a copy."""
    value, at = environ.get(variable, ""), AWS_FILES.index(variable)
    copy, *originals = environ.get(_CONFIG_COPY, "").split(os.pathsep)
    is_copy = copy and value == os.path.join(os.path.dirname(copy), _COPIES[at])
    return originals[at] if is_copy and at < len(originals) else value


def plain_aws_config_path(environ: "Mapping[str, str]") -> "str | None":
    """Return the config's path; None if it has `$` or `~user`, which the launcher cannot expand."""
    path = aws_file_variable(environ) or "~/.aws/config"
    home = environ.get("HOME")
    if path[:2] == "~/" and home:
        path = f"{home}/{path[2:]}"
    return None if path[:1] == "~" or "$" in path else path


def _value_of_ssohelper_home(environ: "Mapping[str, str]") -> str | None:
    home = environ.get("SSOHELPER_HOME")
    if home and not os.path.isabs(home):
        raise ValueError(f'SSOHELPER_HOME is "{home}": not an absolute path')
    return home


def _user_folder_of_kind(kind: str, environ: "Mapping[str, str]") -> str:
    """Return the folder that platformdirs would choose; a test compares both.

    Importing platformdirs would cost a hit 4 ms.
    """
    if sys.platform != "linux":
        import platformdirs

        folders = platformdirs.PlatformDirs("ssohelper", appauthor=False)
        return str(getattr(folders, f"user_{kind}_dir"))
    variable, default = _LINUX_FOLDERS[kind]
    base = environ.get(variable, "")
    # By the XDG specification, a relative path counts as not set.
    if base[:1] != "/":
        base = os.path.expanduser(default)
        if base[:1] not in "/~":  # without a home folder, "~" stays in the path
            raise ValueError(f'HOME is "{base[: -len(default[1:])]}": not an absolute path')
    return base + "/ssohelper"


def _default_runtime_base() -> str | None:
    if sys.platform == "win32":
        return None
    return f"/run/user/{os.getuid()}"


def _is_private(path: str) -> bool:
    try:
        return is_private_folder(os.stat(path))
    except OSError:
        return False


def is_private_folder(found: os.stat_result) -> bool:
    """Return whether only this user may write to the folder, and so replace our files."""
    if sys.platform == "win32":
        return False
    is_folder = (found.st_mode & 0o170000) == 0o040000
    return is_folder and found.st_uid == os.geteuid() and found.st_mode & 0o022 == 0
