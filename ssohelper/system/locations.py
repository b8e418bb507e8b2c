"""Finds the files of AWS's tools and of ssohelper, given the environment variables."""

import os
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from ssohelper.core.text import is_harmless, show
from ssohelper.errors import ConfigInvalid, LocalState
from ssohelper.fastpath import folders

_AWS_FILES = {
    "AWS_CONFIG_FILE": "~/.aws/config",
    "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials",
}


class Locations:
    """The paths of AWS's and ssohelper's files and folders.

    Each raises ConfigInvalid for a relative path in a variable, LocalState without a home folder.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    @cached_property
    def runtime_folder(self) -> Path:
        """The folder of locks and role credentials; on most Linux systems it is in memory."""
        return Path(self._compute_path_by_rule(folders.runtime_folder))

    @cached_property
    def state_folder(self) -> Path:
        """The folder of sign-in facts, listings, the user's choices and config versions."""
        return self._path_of_ssohelper(folders.state_folder)

    @cached_property
    def settings_file(self) -> Path:
        return self._path_of_ssohelper(folders.settings_file)

    @property
    def company_policy_file(self) -> Path:
        return Path(folders.COMPANY_POLICY)

    @cached_property
    def aws_config_file(self) -> Path:
        return self._path_of_aws_file("AWS_CONFIG_FILE")

    @cached_property
    def aws_credentials_file(self) -> Path:
        return self._path_of_aws_file("AWS_SHARED_CREDENTIALS_FILE")

    @property
    def aws_files(self) -> tuple[Path, Path]:
        return self.aws_config_file, self.aws_credentials_file

    @cached_property
    def token_folder(self) -> Path:
        """The folder of token files. AWS's tools have no variable for it either."""
        return Path(expand_home("~/.aws/sso/cache", self._environ))

    @property
    def login_folder(self) -> Path:
        """The folder where botocore finds the credentials of `aws login`."""
        value = self._environ.get("AWS_LOGIN_CACHE_DIRECTORY")
        return self._path_of_users_value(value or "~/.aws/login/cache")

    def _path_of_ssohelper(self, rule: Callable[[Mapping[str, str]], str]) -> Path:
        if not self._environ.get("SSOHELPER_HOME"):
            check_home(self._environ)
        # Importing platformdirs takes 4 ms; a test compares `rule` with it.
        found = self._compute_path_by_rule(rule)
        if found[:1] == "~":
            raise _no_home_folder_error()
        return Path(found)

    def _compute_path_by_rule(self, rule: Callable[[Mapping[str, str]], str]) -> str:
        try:
            return rule(self._environ)
        except ValueError as relative:
            hint = 'unset it, or give it a path that begins with "/"'
            raise ConfigInvalid(show(str(relative), 160), hint=hint) from relative

    def _path_of_aws_file(self, variable: str) -> Path:
        value = folders.aws_file_variable(self._environ, variable)
        # botocore expands variables and ~ in AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE.
        return self._path_of_users_value(value or _AWS_FILES[variable])

    def _path_of_users_value(self, path: str) -> Path:
        if "$" in path or sys.platform == "win32":
            from ssohelper.fastpath.spawn import expand_variables

            path = expand_variables(path, self._environ)
        return Path(expand_home(path, self._environ))


def expand_home(path: str, environ: Mapping[str, str]) -> str:
    """Return the path with a leading ~ replaced, as botocore does. Raises: LocalState."""
    if path[:1] != "~":
        return path
    check_home(environ)
    # On Windows botocore ignores HOME, which git's shells set there.
    home = environ.get("HOME") if sys.platform != "win32" else None
    if home and path.startswith("~/"):
        return home.rstrip("/") + path[1:]
    expanded = os.path.expanduser(path)
    if expanded[:1] == "~":
        raise _no_home_folder_error()
    return expanded


def check_home(environ: Mapping[str, str]) -> None:
    home = environ.get("HOME") if sys.platform != "win32" else None
    if home is not None and (not os.path.isabs(home) or not is_harmless(home)):
        raise LocalState(f'HOME is "{show(home, 80)}": not an absolute path')


def _no_home_folder_error() -> LocalState:
    return LocalState("there is no home folder", hint="set HOME to an absolute path")
