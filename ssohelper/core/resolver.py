"""Decides which credentials an SDK uses for a profile, if they work, and what the fix is.

No other module decides this. It takes the config, the credentials file, the shell's variables and
facts about programs as values. `_ORDERS` has the order of sources of each SDK family. Sources:
botocore 1.44 `create_credential_resolver` (tests/judge compares with it), JavaScript v3
`fromNodeProviderChain`, Java v2 `ProfileCredentialsUtils`, Go v2 `resolveCredsFromProfile`, Rust
`profile/credentials/repr.rs`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Literal, NamedTuple

from ssohelper.core import chains, process_command
from ssohelper.core.config_file import (
    ConfigFile,
    ProfileEntry,
    assumes_role,
    options_of_chain_command,
)
from ssohelper.core.model import Role
from ssohelper.core.session_keys import find_differing_key, keys_of_session
from ssohelper.core.start_url import is_same_portal
from ssohelper.core.text import show
from ssohelper.core.written_roles import lacks_role
from ssohelper.errors import ConfigInvalid

Kind = Literal[
    "environment keys",
    "environment web identity",
    "assumed role",
    "web identity",
    "sso",
    "credentials file",
    "config keys",
    "aws login",
    "program",
    "container",
    "error",
    "nothing",
]
BOTO3, JAVASCRIPT, JAVA, GO, RUST = "boto3, AWS CLI", "JavaScript", "Java", "Go", "Rust"
FAMILIES = (BOTO3, JAVASCRIPT, JAVA, GO, RUST)
_ORDERS: Mapping[str, tuple[Kind, ...]] = {
    BOTO3: (
        *("environment keys", "assumed role", "environment web identity", "web identity", "sso"),
        *("credentials file", "aws login", "program", "config keys", "container"),
    ),
    # If AWS_PROFILE is set, the JavaScript SDK ignores the keys in the environment.
    JAVASCRIPT: (
        *("assumed role", "credentials file", "config keys", "web identity", "program", "sso"),
        *("aws login", "environment web identity", "container"),
    ),
    JAVA: (
        *("environment keys", "environment web identity", "web identity", "sso", "assumed role"),
        *("program", "credentials file", "config keys", "container"),
    ),
    GO: (
        *("environment keys", "environment web identity", "assumed role", "credentials file"),
        *("config keys", "web identity", "sso", "aws login", "program", "container"),
    ),
    RUST: (
        *("environment keys", "assumed role", "web identity", "sso", "aws login", "program"),
        *("credentials file", "config keys", "environment web identity", "container"),
    ),
}
_OF_SHELL = ("environment keys", "environment web identity", "container")
# The SDK families that stop with an error at `role_arn` without `source_profile` or
# `credential_source`. Go assumes the role with the profile's other credentials. JavaScript and Java
# ignore the key.
_REFUSING_ROLE_ALONE = (BOTO3, RUST)
CONTAINER_VARIABLES = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
WEB_IDENTITY_VARIABLES = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN")
PROFILE_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
KEY_PAIR = ("aws_access_key_id", "aws_secret_access_key")
SSO_KEYS = ("sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name")
# The values of `credential_source`. Each needs one of its variables, if it has any. All SDKs except
# Java's require exactly this spelling.
_CREDENTIAL_SOURCES: Mapping[str, tuple[str, ...]] = {
    "Environment": KEY_VARIABLES[:1],
    "Ec2InstanceMetadata": (),
    "EcsContainer": CONTAINER_VARIABLES,
}
# The keys that decide what a source of credentials gives. Their values are no secrets.
KEYS_OF_SOURCES: Mapping[Kind, tuple[str, ...]] = {
    "assumed role": ("role_arn", "source_profile", "credential_source"),
    "web identity": ("role_arn", "web_identity_token_file"),
    "sso": SSO_KEYS,
    "aws login": ("login_session",),
    "program": ("credential_process",),
}
_WORDS: Mapping[Kind, str] = {
    "assumed role": "role_arn",
    "web identity": "a web identity",
    "sso": "sso_* keys",
    "credentials file": "fixed keys",
    "config keys": "fixed keys",
    "aws login": "the sign-in of aws login",
    "program": "the program",
}
# The problems that end once ssohelper has written the profile's keys or its command.
_SOLVED_BY_ADOPTION = (
    *("program-missing", "program-needs-a-shell", "program-unreadable", "helper-missing"),
    *("helper-refuses", "session-missing", "sso-keys-refused", "no-source"),
    *("quoted-value", "legacy-sign-in"),
)
_SOURCE_KEYS = frozenset(key for keys in KEYS_OF_SOURCES.values() for key in keys)
_NEEDS_SHELL = re.compile(r"^[~$]|[|;&<>`]|\$\(")
_IN_AN_EDITOR = "correct it in an editor"
_STOP = "AWS tools stop with an error"


class ProgramFact(NamedTuple):
    """The program of a `credential_process`. `word` is the program's name in the profile.

    `path` is the program's absolute path, None if there is no such program. `replaceable` is a part
    of the path that other users may write, so that they could replace the program. `is_own`: the
    program's name is that of one of ssohelper's programs. `is_of_another_installation`: it belongs
    to another installation of ssohelper. `only_has_our_name`: it belongs to no installation of
    ssohelper.
    """

    word: str
    path: str | None
    is_own: bool
    replaceable: str | None = None
    is_of_another_installation: bool = False
    only_has_our_name: bool = False

    @property
    def is_of_this_installation(self) -> bool:
        """Return whether the program is this ssohelper; others need the user's consent to run."""
        is_other = self.is_of_another_installation or self.only_has_our_name
        return self.is_own and self.path is not None and not is_other


class Problem(NamedTuple):
    """Why an SDK gets no credentials for a profile. `id` is the id of the finding in `doctor`.

    `session` is the session that the config lacks. `may_be_elsewhere`: another shell, or aws-vault,
    may have what is missing. If the problem is in a source profile, `source` names that profile,
    and `cause` is the problem's id there.
    """

    id: str
    message: str
    fix: str
    session: str = ""
    may_be_elsewhere: bool = False
    source: str = ""
    cause: str = ""

    @property
    def is_solvable(self) -> bool:
        """Return whether the problem ends if the profile, or its source, is adopted."""
        return (self.cause or self.id) in _SOLVED_BY_ADOPTION


class Resolved(NamedTuple):
    """The credentials that one SDK family uses for a profile, or the problem that makes it stop.

    `sources` are the profiles to which `source_profile` leads, the nearest first. `last` is where
    the last of them, or the profile itself without any, gets its credentials.
    """

    profile: str
    family: str
    source: Kind
    detail: str
    account_id: str | None = None
    role_name: str | None = None
    problem: Problem | None = None
    sources: tuple[str, ...] = ()
    last: Kind = "nothing"

    @property
    def identity(self) -> tuple[str, str, str | None, str | None]:
        """What the profile gives. Two answers are compared by this."""
        return (self.source, self.detail, self.account_id, self.role_name)


class Resolver:
    """Finds the credentials that SDKs use for the profiles of one config.

    `credentials` are the sections of ~/.aws/credentials, as `hide_secrets` returns their keys. If
    `find_program` returns None, the program counts as present.
    """

    def __init__(
        self,
        config: ConfigFile,
        credentials: Mapping[str, Mapping[str, str]] = {},
        environ: Mapping[str, str] = {},
        find_program: Callable[[str], ProgramFact | None] = lambda _word: None,
        is_missing: Callable[[str], bool] = lambda _path: False,
    ) -> None:
        self.config, self._credentials, self._environ = config, credentials, environ
        self._find_program, self._is_missing = find_program, is_missing

    def resolve(
        self,
        name: str,
        family: str = BOTO3,
        *,
        in_shell: bool = False,
        above: tuple[str, ...] = (),
    ) -> Resolved:
        """With `in_shell`, AWS_PROFILE names the profile; SDKs may prefer other variables to it.

        `above` are the profiles that lead to this one by `source_profile`.
        """
        keys, entry = self.keys(name), self.config.profile(name)
        has_fixed_keys = any(key in keys for key in KEY_PAIR)
        kinds = [
            kind
            for kind in _ORDERS[family]
            if (in_shell or kind not in _OF_SHELL)
            # SDKs take the fixed keys of a source before the source's own role.
            and not (above and has_fixed_keys and kind == "assumed role")
        ]
        if above and has_fixed_keys and family != BOTO3:
            kinds = [kind for kind in kinds if kind in ("credentials file", "config keys")]
        kind = next((one for one in kinds if self._tries(family, one, name, keys, in_shell)), None)
        is_lost = kind in (None, "sso", "program") and entry and lacks_role(self.config, entry)
        if kind is None:
            lacking = LOST_ROLE if is_lost else self._problem_without_source(name, keys)
            return Resolved(name, family, "nothing", "no credentials", problem=lacking)
        made = Resolved(name, family, kind, *self._look_up(kind, name, keys), last=kind)
        if kind == "assumed role":
            made = self._with_source(made, keys, above)
        problem = made.problem or (LOST_ROLE if is_lost else None)
        problem = problem or self._find_problem(made, keys, in_shell=in_shell)
        if problem is None and entry is not None:
            problem = _problem_of(partial(self.config.region, entry))
        if problem is None:
            return made
        made = made._replace(source="error", detail=problem.message, problem=problem)
        return made._replace(account_id=None, role_name=None)

    def resolve_all(self, name: str, *, in_shell: bool = False) -> list[Resolved]:
        return [self.resolve(name, family, in_shell=in_shell) for family in FAMILIES]

    def keys(self, name: str) -> dict[str, str]:
        """Return the profile's keys as SDKs merge them: a key in ~/.aws/credentials wins."""
        entry = self.config.profile(name)
        return {**(entry.keys if entry else {}), **self._credentials.get(name, {})}

    def has_profile(self, name: str) -> bool:
        return self.config.profile(name) is not None or name in self._credentials

    # -- choosing the source ---------------------------------------------------------------------

    def _tries(
        self, family: str, kind: Kind, name: str, keys: Mapping[str, str], in_shell: bool
    ) -> bool:
        is_boto3, environ = family == BOTO3, self._environ if in_shell else {}
        entry = self.config.profile(name)
        match kind:
            case "environment keys":
                return all(environ.get(one) for one in KEY_VARIABLES[: 1 if is_boto3 else 2])
            case "environment web identity":
                file, role = (environ.get(one) for one in WEB_IDENTITY_VARIABLES)
                if is_boto3:  # each of the two values may be in the environment or in the profile
                    return bool(file or (role and keys.get("web_identity_token_file")))
                return bool(file and role)
            case "assumed role" if is_boto3:
                return "role_arn" in keys and "web_identity_token_file" not in keys
            case "assumed role" if _has_role_alone(keys):
                return family in _REFUSING_ROLE_ALONE or (family == GO and bool(keys["role_arn"]))
            case "assumed role":
                return assumes_role(keys)
            case "web identity":
                has_role = is_boto3 or bool(keys.get("role_arn") and not assumes_role(keys))
                return bool(keys.get("web_identity_token_file")) and has_role
            case "sso":
                needed = ("sso_account_id", "sso_role_name") if is_boto3 else SSO_KEYS
                return any(key in keys for key in needed)
            case "credentials file":
                return "aws_access_key_id" in self._credentials.get(name, {})
            case "config keys" if is_boto3:
                return entry is not None and "aws_access_key_id" in entry.keys
            case "config keys":
                return all(keys.get(key) for key in KEY_PAIR)
            case "aws login" | "program":
                [key] = KEYS_OF_SOURCES[kind]
                return key in keys if is_boto3 else bool(keys.get(key))
            case _:
                return any(environ.get(one) for one in CONTAINER_VARIABLES)

    def _look_up(
        self, kind: Kind, name: str, keys: Mapping[str, str]
    ) -> tuple[str, str | None, str | None]:
        arn = keys.get("role_arn", "")
        match kind:
            case "program":
                words = process_command.split_command(keys["credential_process"])
                role = self._find_role_of_program(name, keys["credential_process"])
                return show(words[0], 80) if words else "credential_process", *role
            case "sso":
                return "sso_*", keys.get("sso_account_id"), keys.get("sso_role_name")
            case "environment keys":
                return KEY_VARIABLES[0], self._environ.get("AWS_ACCOUNT_ID") or None, None
            case "config keys":
                return "aws_access_key_id", keys.get("aws_account_id"), None
            case "credentials file" | "aws login":
                return "~/.aws/credentials" if kind != "aws login" else "login_session", None, None
            case "container":
                detail, arn = next(one for one in CONTAINER_VARIABLES if self._environ.get(one)), ""
            case "environment web identity":
                detail, arn = WEB_IDENTITY_VARIABLES[0], self._environ.get("AWS_ROLE_ARN") or arn
            case _:
                detail = "role_arn" if kind == "assumed role" else "web_identity_token_file"
        return detail, *_identity_of(process_command.role_of_arn(arn))

    def _find_role_of_program(self, name: str, command: str) -> tuple[str | None, str | None]:
        options = process_command.ssohelper_options(command)
        if options is None:
            return _identity_of(process_command.aws_sso_cli_role(command))
        words = process_command.split_command(command)
        program = self._find_program(words[0]) if words else None
        if program is not None and program.only_has_our_name:
            return None, None
        if "--account-id" in options:
            return options["--account-id"], options.get("--role-name")
        entry = self.config.profile(name)
        target = self.config.target_or_none(entry) if entry is not None else None
        return _identity_of(target.role if target else None)

    # -- the source of an assumed role -----------------------------------------------------------

    def _with_source(
        self, made: Resolved, keys: Mapping[str, str], above: tuple[str, ...]
    ) -> Resolved:
        """Return an assumed role's answer, with its source profiles and their first problem."""
        name, family = made.profile, made.family
        if _has_role_alone(keys):
            if family not in _REFUSING_ROLE_ALONE:
                return made
            what = '"role_arn" is set without "source_profile" or "credential_source"'
            message = f"{what}: boto3, the AWS CLI and Rust stop with an error"
            fix = "add a line: source_profile = PROFILE"
            return made._replace(problem=Problem("role-without-source", message, fix))
        source = keys.get("source_profile")
        if source is None or "credential_source" in keys:
            return made._replace(problem=self._find_credential_source_problem(family, keys))
        is_own = source == name and any(key in keys for key in KEY_PAIR)
        if not self.has_profile(source) or (source in (name, *above) and not is_own):
            what = "leads back to this profile" if self.has_profile(source) else "does not exist"
            what = f'source_profile "{show(source, 80)}" {what}'
            entry = self.config.profile(name)
            found = Problem("profile-invalid", what, _IN_AN_EDITOR)
            if entry is not None:  # with the line
                found = (
                    _problem_of(partial(self.config.refuse_key, entry, "source_profile", what))
                    or found
                )
            return made._replace(problem=found._replace(fix=_IN_AN_EDITOR))
        below = self.resolve(source, family, above=(*above, name))
        made = made._replace(sources=() if is_own else (source, *below.sources), last=below.last)
        if below.problem is not None:
            made = made._replace(problem=self._problem_of_source(name, source, below.problem))
        return made

    def _problem_of_source(self, name: str, source: str, problem: Problem) -> Problem:
        if problem.id in ("source-unusable", "source-without-credentials"):
            return problem  # already names the nearest source that has a problem of its own
        if problem.id != "no-source":
            message = unusable_source_text(source, problem.message)
            return problem._replace(
                id="source-unusable", message=message, source=source, cause=problem.id
            )
        entry = self.config.profile(source)
        is_bare = entry is not None and not entry.managed and has_no_source(entry.keys)
        shown = show(source, 80)
        fix = f'give credentials to "{shown}", or write another source_profile'
        if is_bare:  # aws-vault may keep its keys
            fix = f"with aws-vault: aws-vault exec {show(name, 80)}; without it, {fix}"
        message = f'the source profile "{shown}" has no credentials: {_STOP}'
        return Problem("source-without-credentials", message, fix, may_be_elsewhere=is_bare)

    def _find_credential_source_problem(
        self, family: str, keys: Mapping[str, str]
    ) -> Problem | None:
        source = keys.get("credential_source", "")
        if "source_profile" in keys:
            what = "source_profile and credential_source exclude each other"
            return Problem("credential-source", what, "remove one of both lines")
        if source not in _CREDENTIAL_SOURCES:
            if family == JAVA:
                return None
            what = "which boto3, the AWS CLI and most SDKs refuse"
            message = f'credential_source is "{show(source, 60)}", {what}'
            fix = f"write one of {', '.join(_CREDENTIAL_SOURCES)}"
            return Problem("credential-source", message, fix)
        missing = _CREDENTIAL_SOURCES[source]
        if source == "Environment" and self._environ.get(KEY_VARIABLES[0]):
            missing = KEY_VARIABLES[1:]
        if not missing or any(self._environ.get(one) for one in missing):
            return None
        what = f"this shell has no {' or '.join(missing)}: the role cannot be assumed here"
        message = f'credential_source is "{source}", and {what}'
        fix = f"set {missing[0]}, or name a profile: source_profile = PROFILE"
        return Problem("credential-source", message, fix, may_be_elsewhere=True)

    # -- problems of a source --------------------------------------------------------------------

    def _problem_without_source(self, name: str, keys: Mapping[str, str]) -> Problem:
        if KEY_PAIR[1] in keys:
            key_id, secret = KEY_PAIR
            message = f'"{secret}" is set without "{key_id}": AWS tools find no credentials'
            return Problem("half-a-key-in-profile", message, f"add {key_id}, or remove {secret}")
        missing = self._find_missing_session(keys.get("sso_session"))
        if missing is not None:
            return missing
        if "include_profile" in keys:
            message = "only aws-vault reads include_profile: no SDK gets credentials by it"
            fix = f"use it with: aws-vault exec {show(name, 80)}"
            return Problem("no-source", message, fix, may_be_elsewhere=True)
        if keys.get("sso_session"):
            message = "the profile is for tokens alone: no SDK gets role credentials by it"
            return Problem("no-source", message, "add lines: sso_account_id and sso_role_name")
        message = "the profile names no source of credentials: no SDK gets credentials by it"
        fix = "choose another profile, or add its credentials: ssohelper profile list"
        return Problem("no-source", message, fix)

    def _find_problem(
        self, made: Resolved, keys: Mapping[str, str], *, in_shell: bool
    ) -> Problem | None:
        """Return why this SDK family stops with an error at the source that it uses, or None."""
        name, family = made.profile, made.family
        entry, section = self.config.profile(name), self._credentials.get(name, {})
        key_id, secret = KEY_PAIR
        match made.source:
            case "environment keys" if not self._environ.get(KEY_VARIABLES[1]):
                what = f"{KEY_VARIABLES[0]} is set without {KEY_VARIABLES[1]}"
                return Problem("half-a-key", what, f"unset {KEY_VARIABLES[0]}")
            case "web identity" | "environment web identity":
                return self._find_web_identity_problem(keys, in_shell=in_shell)
            case "sso":
                return self._find_sso_problem(name, family, keys)
            case "credentials file" | "config keys" if family == BOTO3:
                where, own = "the config", entry.keys if entry is not None else {}
                if made.source == "credentials file":
                    where, own = f'the section "[{show(name, 80)}]" of ~/.aws/credentials', section
                message = f'"{key_id}" is set without "{secret}" in {where}: {_STOP}'
                fix = f"add {secret} there, or remove {key_id}"
                return None if secret in own else Problem("half-a-key-in-profile", message, fix)
            case "program":
                return self._find_program_problem(name, family, keys)
            case "assumed role" if entry is not None and made.last in ("sso", "program"):
                has_fixed_keys = any(
                    key in self.keys(one) for key in KEY_PAIR for one in made.sources or (name,)
                )
                return None if has_fixed_keys else self._find_invalid_key(entry, is_assumed=True)
        return None

    def _find_web_identity_problem(
        self, keys: Mapping[str, str], *, in_shell: bool
    ) -> Problem | None:
        environ = self._environ if in_shell else {}
        file = environ.get(WEB_IDENTITY_VARIABLES[0]) or keys.get("web_identity_token_file", "")
        arn = environ.get(WEB_IDENTITY_VARIABLES[1]) or keys.get("role_arn", "")
        if not arn:
            what = f'"web_identity_token_file" is set without "role_arn": {_STOP}'
            return Problem("web-identity-missing", what, "add a line: role_arn = ARN")
        what = f'web_identity_token_file is "{show(file, 200)}", and there is no such file: {_STOP}'
        fix = "write the path of the token's file in an editor"
        return Problem("web-identity-missing", what, fix) if self._is_missing(file) else None

    def _find_sso_problem(self, name: str, family: str, keys: Mapping[str, str]) -> Problem | None:
        entry, session = self.config.profile(name), keys.get("sso_session", "")
        has_role = keys.get("sso_account_id") and keys.get("sso_role_name")
        missing = self._find_missing_session(session) if has_role else None
        if missing is not None:
            return missing
        unusable = _problem_of(partial(self.config.sso_session, session), "session-unusable")
        if unusable is not None:
            return unusable
        # Secret values are hidden here, so they are not compared with the session's values.
        own = entry.keys if entry is not None else {}
        keys = {**own, **{key: value for key, value in keys.items() if key in _SOURCE_KEYS}}
        refusal = sso_keys_error(family, keys, self.config)
        if refusal is None:
            return self._find_invalid_key(entry) if entry is not None else None
        differing = find_differing_key(self.config, keys)
        is_differing = differing is not None and differing.difference_text == refusal
        fix = differing.fix_text if differing is not None and is_differing else _IN_AN_EDITOR
        return Problem("sso-keys-refused", refusal, fix)

    def _find_missing_session(self, session: str | None) -> Problem | None:
        if not session or self.config.session_header(session) is not None:
            return None
        message = f'the session "{show(session, 64)}" is not in {self.config.origin}, and without '
        message += "it there are no credentials"
        return Problem("session-missing", message, "correct its name in an editor", session)

    def _find_program_problem(
        self, name: str, family: str, keys: Mapping[str, str]
    ) -> Problem | None:
        entry, command = self.config.profile(name), keys["credential_process"]
        error = process_command.find_syntax_error(command)
        if error:
            message = f"{error}: boto3 and the AWS CLI stop with an error"
            is_refused = family == BOTO3
            return Problem("program-unreadable", message, _IN_AN_EDITOR) if is_refused else None
        options = process_command.ssohelper_options(command)
        target = self.config.target_or_none(entry) if entry and options else None
        missing = self._find_missing_session(target.session_name if target else None)
        if missing is not None:
            return missing
        words = process_command.split_command(command)
        program = self._find_program(words[0]) if words else None
        if program is not None and program.path is None:
            return _missing_program_problem(program)
        refused = process_command.why_ssohelper_refuses_command(command)
        if refused:
            message = f"{refused}: no SDK gets credentials by this command"
            return Problem("helper-refuses", message, _IN_AN_EDITOR)
        return None if entry is None or options is None else self._find_invalid_key(entry)

    def _find_invalid_key(self, entry: ProfileEntry, *, is_assumed: bool = False) -> Problem | None:
        if is_assumed or options_of_chain_command(entry) is not None:
            return _problem_of(partial(chains.find_chain, self.config, entry))
        return _problem_of(partial(self.config.target, entry))


def _identity_of(role: Role | None) -> tuple[str | None, str | None]:
    return (role.account_id, role.name) if role else (None, None)


def _problem_of(get: Callable[[], object], id: str = "profile-invalid") -> Problem | None:
    try:
        get()
    except ConfigInvalid as error:
        return Problem(id, error.message, error.hint or _IN_AN_EDITOR)
    return None


LOST_ROLE = Problem(
    "role-unreadable",
    "managed by ssohelper, and without a role since an edit of the keys: no SDK gets credentials",
    "ssohelper profile sync, which writes the earlier role",
)


def _missing_program_problem(program: ProgramFact) -> Problem:
    word = show(program.word, 200)
    if program.is_own and "/" not in program.word:
        message = f'"{word}", which credential_process runs by its name, is not on PATH'
        return Problem("helper-missing", message, "add the folder of ssohelper to PATH")
    if program.is_own:
        message = f'ssohelper is no longer at "{word}", which credential_process runs'
        fix = "write in an editor: credential_process = /path/of/ssohelper-credentials …"
        return Problem("helper-missing", message, fix)
    if _NEEDS_SHELL.search(program.word):
        message = "boto3 and the AWS CLI run credential_process without a shell, so that they do "
        message += f'not find "{word}"'
        return Problem("program-needs-a-shell", message, "write the program's absolute path")
    message = f'the program "{word}" of credential_process does not exist'
    fix = "install it again, or write its absolute path"
    return Problem("program-missing", message, fix)


def unusable_source_text(source: str, problem: str) -> str:
    return f'its source profile "{show(source, 80)}": {problem}'


def sso_keys_error(family: str, keys: Mapping[str, str], config: ConfigFile) -> str | None:
    """Return why this SDK family refuses the profile's `sso_*` keys."""
    if family == BOTO3:
        # Only botocore adds the keys of the session's section to the profile's keys.
        keys = keys_of_session(config, keys.get("sso_session", "")) | dict(keys)
    of_portal = ("sso_start_url", "sso_region")
    needed = ("sso_account_id", "sso_role_name", *(of_portal if "sso_session" not in keys else ()))
    missing = [key for key in needed if not keys.get(key)]
    if missing:
        return f'"{missing[0]}" is missing'
    if "sso_session" not in keys:
        return None
    try:
        session = config.sso_session(keys["sso_session"])
    except ConfigInvalid:
        session = None
    if session is None:
        return f'the session "{show(keys["sso_session"], 64)}" is not defined, or not usable'
    own = [key for key in of_portal if key in keys]
    if own and family == RUST:
        return f'"{own[0]}" may not stand beside "sso_session"'
    url, region = keys.get("sso_start_url"), keys.get("sso_region")
    differs = url is not None and not is_same_portal(url, session.start_url)
    if family in (BOTO3, GO) and (differs or region not in (None, session.region)):
        return 'the profile and its "sso_session" name different portals'
    differing = find_differing_key(config, keys) if family == BOTO3 else None
    return differing.difference_text if differing else None


def find_shadowing(config: ConfigFile, name: str, section: Mapping[str, str]) -> list[Resolved]:
    """Return the answer of each SDK family that uses other credentials because of a section.

    `section` has the keys that the profile has in ~/.aws/credentials.
    """
    entry = config.profile(name)
    own = entry.keys if entry is not None else {}
    changed = {key for key in _SOURCE_KEYS & section.keys() if section[key] != own.get(key)}
    before = Resolver(config).resolve_all(name)
    after = Resolver(config, {name: section}).resolve_all(name)
    return [
        new
        for old, new in zip(before, after, strict=True)
        if old.identity != new.identity or changed.intersection(KEYS_OF_SOURCES.get(new.source, ()))
    ]


def find_shadowed_roles(
    config: ConfigFile, credentials: Mapping[str, Mapping[str, str]]
) -> frozenset[str]:
    """Return the profiles whose section in ~/.aws/credentials makes boto3 use another role.

    Fixed keys in the section do not count: tools such as yawsso write them there for the profile's
    own role.
    """

    def takes_another(name: str) -> bool:
        section = credentials[name]
        others = {key: section[key] for key in section if key not in KEY_PAIR}
        changed = find_shadowing(config, name, others) if others and config.profile(name) else ()
        return any(one.family == BOTO3 for one in changed)

    return frozenset(filter(takes_another, credentials))


def describe_answers(answers: Iterable[Resolved]) -> str:
    """Return a text such as "Go takes a program; JavaScript takes …"."""
    families: dict[str, list[str]] = {}
    for one in answers:
        families.setdefault(_describe_source(one), []).append(one.family)
    texts = []
    for source, names in families.items():
        verb = "stop" if source.startswith("with an error") else "take"
        ending = "s" if len(names) == 1 and names[0] != BOTO3 else ""
        texts.append(f"{', '.join(names)} {verb}{ending} {source}")
    return "; ".join(texts)


def _describe_source(answer: Resolved) -> str:
    if answer.problem is not None:
        return f"with an error ({show(answer.detail, 200)})"
    source = _WORDS.get(answer.source, answer.source)
    if answer.source == "program":
        source += f' "{show(answer.detail, 80)}"'
    if answer.account_id is None:
        return source
    role = f", role {show(answer.role_name, 64)}" if answer.role_name else ""
    return f"{source} (account {show(answer.account_id, 20)}{role})"


def name_sources(keys: Mapping[str, str]) -> list[str]:
    names = {"credential_process": "credential_process", "login_session": "aws login"}
    found = [name for key, name in names.items() if keys.get(key)]
    if all(keys.get(key) for key in KEY_PAIR):  # no SDK takes half a key pair
        found.insert(0, "fixed keys")
    if any(key in keys for key in SSO_KEYS):
        found.insert(0, "sso_* keys")
    if assumes_role(keys) or (keys.get("role_arn") and keys.get("web_identity_token_file")):
        found.insert(0, "role_arn")
    return found


def has_no_source(keys: Mapping[str, str]) -> bool:
    return _SOURCE_KEYS.isdisjoint(keys)


def hide_secrets(section: Mapping[str, str]) -> dict[str, str]:
    """Return the keys of a section of ~/.aws/credentials; "" replaces values that may be secret."""
    return {key: value if key in _SOURCE_KEYS else "" for key, value in section.items()}


def _has_role_alone(keys: Mapping[str, str]) -> bool:
    """Return whether `role_arn` has no source of credentials. SDKs treat this differently."""
    has_source = "source_profile" in keys or "credential_source" in keys
    return "role_arn" in keys and "web_identity_token_file" not in keys and not has_source
