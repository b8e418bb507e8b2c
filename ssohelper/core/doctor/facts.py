"""What the checks of `doctor` look at. `actions.doctor_facts` gathers it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from ssohelper.core.config_file import ConfigFile, ProfileEntry, Target
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.errors import SsoHelperError

# What a file or folder is for; each has its own rules for modes.
Use = Literal[
    "aws folder", "config", "credentials", "token folder", "token", "own folder", "own file"
]


class Failure(NamedTuple):
    """Why something could not be read: message and hint of the error."""

    message: str
    hint: str = ""

    @classmethod
    def of(cls, error: SsoHelperError) -> Failure:
        """Return the failure that this error reports."""
        return cls(error.message, error.hint or "")


class ProfileFact(NamedTuple):
    """A profile with the role that it points at; `failure` says why that cannot be told.

    `meant_account_id` is the account that the profile is for, None if its keys do not tell.
    """

    entry: ProfileEntry
    target: Target | None = None
    meant_account_id: str | None = None
    failure: Failure | None = None

    @property
    def name(self) -> str:
        return self.entry.name


class ProgramFact(NamedTuple):
    """The program of a `credential_process`, `word` as the profile names it.

    `path` is its absolute path, None if there is no such program. `replaceable` is a part of the
    path by which other users could replace the program. `is_own`: it is ssohelper's, and
    `is_of_another_installation` tells if not this one's.
    """

    word: str
    path: str | None
    is_own: bool
    replaceable: str | None = None
    is_of_another_installation: bool = False


class FileFact(NamedTuple):
    """A file or folder that is there; `owner` is a user's name, "" for our own user."""

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

    `credentials` has the names of the keys of each section, no values. `parse_seconds` is the CPU
    time in which Python's configparser, which botocore uses, reads this config on this machine;
    None if it was too small to measure.
    """

    path: str = "~/.aws/config"
    data: bytes = b""
    file: ConfigFile | None = None
    failure: Failure | None = None
    is_missing: bool = False
    parse_seconds: float | None = None
    credentials_path: str = "~/.aws/credentials"
    credentials: Mapping[str, frozenset[str]] = {}
    credentials_failure: Failure | None = None


class SessionFact(NamedTuple):
    """A session: its sign-in, its saved list of roles, what `profile sync` remembers for it.

    `failure` says why the sign-in cannot be read. `new_roles` are the listed roles that have no
    profile. `filters` are the remembered ones, as options of `profile sync`; `left_out` is how many
    roles they leave out.
    """

    session: SsoSession
    outlook: Outlook
    registration_ends_at: int | None = None
    listing: Listing | None = None
    new_roles: tuple[str, ...] = ()
    filters: str = ""
    left_out: int = 0
    failure: Failure | None = None


class TokenFact(NamedTuple):
    """The token file that profiles in legacy form with this start URL look for.

    `ends_at` is None if there is no such file.
    """

    start_url: str
    profiles: tuple[str, ...]
    ends_at: int | None


class EndpointFact(NamedTuple):
    """An endpoint of AWS that was asked. `failure` says why no answer came.

    `proxy` is "host:port" of the proxy on the way, `bundle` the file of trusted certificates, each
    "" if it is the default. `apart_seconds` is this machine's clock minus AWS's.
    """

    session_names: tuple[str, ...]
    host: str
    failure: Failure | None = None
    proxy: str = ""
    bundle: str = ""
    apart_seconds: float | None = None


class ShellFact(NamedTuple):
    """What `install` wrote for the user's shell. `state` says whether the lines are up to date.

    `failure` says why that cannot be told. `stale_completions` are completion scripts of ours at
    well-known places that are outdated.
    """

    shell: str
    rc_file: str
    state: Literal["missing", "stale", "current", "unknown"]
    failure: Failure | None = None
    stale_completions: tuple[str, ...] = ()


class MachineFacts(NamedTuple):
    """This machine and this installation.

    `command` is what profiles should run, None where `failure` says why there is none. `commands`
    are the different installations on PATH, in its order. `apart_seconds` is this machine's clock
    minus AWS's, by the last answer. `runtime_refused` is XDG_RUNTIME_DIR if that folder is not safe.
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
    settings_failure: Failure | None = None
    state_failure: Failure | None = None
    shell: ShellFact | None = None
    leftovers: tuple[str, ...] = ()


class ProofFact(NamedTuple):
    """What a profile's program answered when `doctor` ran it.

    `account_id` is the account in its answer, "" if it names none. `failure` says why there are no
    credentials; with `needs_sign_in`, only a sign-in is missing. `is_own`: the program is ours.
    """

    profile: str
    session_name: str | None = None
    account_id: str = ""
    meant_account_id: str | None = None
    failure: Failure | None = None
    needs_sign_in: bool = False
    is_own: bool = True


class Facts(NamedTuple):
    """All that the checks look at. Times are epoch seconds by this machine's clock.

    `environ` has the variables that SDKs read; the values of keys are replaced. `chosen` is the
    profile that `doctor PROFILE` is asked about; `profiles` then holds that one only, and
    `issued_at` is when AWS issued the cached credentials of its role, None without such.
    `missing_sessions` are the sessions that profiles name and the config does not define, each with
    the command that brings it back.
    """

    now: int = 0
    environ: Mapping[str, str] = {}
    config: ConfigFacts = ConfigFacts()
    profiles: tuple[ProfileFact, ...] = ()
    chosen: str | None = None
    issued_at: int | None = None
    programs: Mapping[str, ProgramFact] = {}
    files: tuple[FileFact, ...] = ()
    sessions: tuple[SessionFact, ...] = ()
    unusable_sessions: Mapping[str, Failure] = {}
    missing_sessions: Mapping[str, str] = {}
    tokens: tuple[TokenFact, ...] = ()
    endpoints: tuple[EndpointFact, ...] = ()
    machine: MachineFacts = MachineFacts()
    proofs: tuple[ProofFact, ...] = ()
