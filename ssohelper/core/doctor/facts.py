"""Types of the facts that the checks of `doctor` use. `actions.doctor_facts` gathers the facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from ssohelper.core.config_file import ConfigFile, ProfileEntry, TargetRole
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.resolver import ProgramFact
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.core.written_roles import WrittenRole
from ssohelper.errors import SsoHelperError

# The uses of the files and folders that `doctor` checks; each use has its own rules for modes.
Use = Literal[
    "aws folder", "config", "credentials", "token folder", "token", "own folder", "own file"
]


class Failure(NamedTuple):
    """Why a fact could not be read: message and hint of the error."""

    message: str
    hint: str = ""

    @classmethod
    def of_error(cls, error: SsoHelperError) -> Failure:
        """Return this error's message and hint as a failure."""
        return cls(error.message, error.hint or "")


class ProfileFact(NamedTuple):
    """A profile with the role that it points at; `failure` says why the role cannot be read.

    `meant_account_id` is the account that the profile is for, None if its keys do not tell. `root`
    is the SSO role with whose credentials the profile assumes its role, None if there is none.
    """

    entry: ProfileEntry
    target: TargetRole | None = None
    meant_account_id: str | None = None
    failure: Failure | None = None
    root: TargetRole | None = None

    @property
    def name(self) -> str:
        return self.entry.name


class FileFact(NamedTuple):
    """An existing file or folder; `owner` is its owner's name, "" if that is this user."""

    path: str
    use: Use
    mode: int
    owner: str = ""
    may_others_write: bool = False
    is_link: bool = False

    @property
    def is_folder(self) -> bool:
        return self.use.endswith("folder")


class ConfigFacts(NamedTuple):
    """~/.aws/config and ~/.aws/credentials. `file` is None if AWS tools cannot read the config.

    `credentials` has the keys of each section, without the values of secrets: see
    `resolver.hide_secrets`. `credentials_profiles` are the profiles that only ~/.aws/credentials
    has, without the values of their secrets. `parse_seconds` is the CPU time in which Python's
    configparser, which botocore uses, reads this config on this machine; None if that time was too
    short to measure. `broken_link` is the link's target if the config is a symbolic link to a file
    that does not exist.
    """

    path: str = "~/.aws/config"
    data: bytes = b""
    file: ConfigFile | None = None
    failure: Failure | None = None
    is_missing: bool = False
    broken_link: str = ""
    parse_seconds: float | None = None
    credentials_path: str = "~/.aws/credentials"
    credentials: Mapping[str, Mapping[str, str]] = {}
    credentials_profiles: tuple[ProfileFact, ...] = ()
    credentials_failure: Failure | None = None


class SessionFact(NamedTuple):
    """A session: its sign-in, its saved list of roles, what `profile sync` remembers for it.

    `failure` says why the sign-in cannot be read. `new_roles` are the listed roles that have no
    profile. `filters` are the filters that `profile sync` remembers, as its options; `left_out` is
    how many roles the filters leave out. `regions` are the regions of the session's portal.
    """

    session: SsoSession
    outlook: Outlook
    registration_ends_at: int | None = None
    listing: Listing | None = None
    new_roles: tuple[str, ...] = ()
    filters: str = ""
    left_out: int = 0
    failure: Failure | None = None
    regions: tuple[str, ...] = ()


class EditedProfileFact(NamedTuple):
    """A managed profile whose role was edited: its name still says the role that ssohelper wrote.

    `role` is the role that the profile names now, `written` the one that ssohelper wrote, both as
    texts for display. `argument` names the written role on a command line.
    """

    profile: str
    role: str
    written: str
    argument: str


class MissingSessionFact(NamedTuple):
    """A session that `profiles` name and the config does not define.

    `command` is the command that adds the session again, "" if no session can have this name.
    """

    profiles: tuple[str, ...]
    command: str


class TokenFact(NamedTuple):
    """The token file that SDKs look for if a profile in legacy form has this start URL.

    `ends_at` is None if there is no such file.
    """

    start_url: str
    profiles: tuple[str, ...]
    ends_at: int | None


class AwsHostFact(NamedTuple):
    """A host of AWS to which `doctor` sent a request. `failure` says why no answer came.

    `proxy` is "host:port" of the proxy in use, "" without one; `bundle` is the file of trusted
    certificates, "" for the default ones. `apart_seconds` is this machine's clock minus AWS's.
    """

    session_names: tuple[str, ...]
    host: str
    failure: Failure | None = None
    proxy: str = ""
    bundle: str = ""
    apart_seconds: float | None = None


class ShellFact(NamedTuple):
    """What `install` wrote for the user's shell. `state` says whether the lines are up to date.

    `failure` says why that is unknown. `stale_completions` are ssohelper's completion scripts at
    well-known places that are outdated.
    """

    shell: str
    rc_file: str
    state: Literal["missing", "stale", "current", "unknown"]
    failure: Failure | None = None
    stale_completions: tuple[str, ...] = ()


class MachineFacts(NamedTuple):
    """Facts about this machine and this installation of ssohelper.

    `command` is the ssohelper program that profiles should run; if it is None, `failure` says why.
    `commands` are the different installations of ssohelper on PATH, in the order of PATH.
    `apart_seconds` is this machine's clock minus AWS's, by AWS's last answer. `runtime_refused` is
    XDG_RUNTIME_DIR if that folder is not safe. `config_write_failure` says why ssohelper cannot
    write the config.
    """

    command: str | None = None
    failure: Failure | None = None
    commands: tuple[str, ...] = ()
    apart_seconds: float | None = None
    runtime_folder: str = ""
    is_runtime_in_memory: bool = True
    runtime_refused: str = ""
    storage: str = "file"
    storage_failure: Failure | None = None
    clear_files: tuple[str, ...] = ()
    settings_failure: Failure | None = None
    state_failure: Failure | None = None
    config_write_failure: Failure | None = None
    shell: ShellFact | None = None
    leftovers: tuple[str, ...] = ()


class ProofFact(NamedTuple):
    """What a profile's program answered when `doctor` ran it.

    `account_id` is the account in the program's answer, "" if the answer names no account.
    `failure` says why there are no credentials; with `needs_sign_in`, only a sign-in is missing.
    `is_own`: the program is ssohelper.
    """

    profile: str
    session_name: str | None = None
    account_id: str = ""
    meant_account_id: str | None = None
    failure: Failure | None = None
    needs_sign_in: bool = False
    is_own: bool = True


class Facts(NamedTuple):
    """All facts that `doctor` checks. Times are epoch seconds by this machine's clock.

    `environ` has the variables that SDKs read; the values of secret keys are replaced. `chosen` is
    the profile of the command `doctor PROFILE`; `profiles`, or `config.credentials_profiles`, then
    holds that profile only; `sources` are the profiles through which its role is assumed, and
    `issued_at` is when AWS issued the cached credentials of its role, None if none are cached.
    `listings` are the saved lists of roles of all sessions, by session name. `missing_sessions` are
    the sessions that profiles name and the config does not define, by name.
    `is_web_identity_token_file_missing`: AWS_WEB_IDENTITY_TOKEN_FILE names a file that does not
    exist. `missing_token_files` are the paths in profiles' `web_identity_token_file` without a file
    there. `written_roles` has the role that ssohelper wrote, for managed profiles that no longer
    name a role. `escaping` are the profiles by which SDKs get a guarded role without ssohelper.
    """

    now: int = 0
    environ: Mapping[str, str] = {}
    config: ConfigFacts = ConfigFacts()
    profiles: tuple[ProfileFact, ...] = ()
    sources: tuple[ProfileFact, ...] = ()
    edited: tuple[EditedProfileFact, ...] = ()
    chosen: str | None = None
    issued_at: int | None = None
    programs: Mapping[str, ProgramFact] = {}
    files: tuple[FileFact, ...] = ()
    sessions: tuple[SessionFact, ...] = ()
    listings: Mapping[str, Listing] = {}
    unusable_sessions: Mapping[str, Failure] = {}
    missing_sessions: Mapping[str, MissingSessionFact] = {}
    tokens: tuple[TokenFact, ...] = ()
    aws_hosts: tuple[AwsHostFact, ...] = ()
    machine: MachineFacts = MachineFacts()
    is_web_identity_token_file_missing: bool = False
    proofs: tuple[ProofFact, ...] = ()
    missing_token_files: frozenset[str] = frozenset()
    written_roles: Mapping[str, WrittenRole] = {}
    escaping: tuple[str, ...] = ()
