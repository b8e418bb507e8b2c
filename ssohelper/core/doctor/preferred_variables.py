"""Checks of `doctor`: variables of this shell that AWS tools prefer to a profile. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ssohelper.core import resolver
from ssohelper.core.doctor.facts import Facts, ProfileFact
from ssohelper.core.doctor.findings import Finding, note, problem, profiles_subject
from ssohelper.core.resolver import Resolved
from ssohelper.core.text import show

HALF_A_KEY, EMPTY_VARIABLE = "half-a-key", "empty-variable"
NO_SUCH_PROFILE, TWO_PROFILES = "no-such-profile", "two-profiles"
# The ids of findings about AWS_PROFILE and other variables that a command with --profile ignores.
IGNORED_BESIDE_NAME = (HALF_A_KEY, NO_SUCH_PROFILE, TWO_PROFILES)
_SHELL = "this shell"
_AN_ERROR = "with an error"
_WORDS: Mapping[str, str] = {
    "assumed role": "another role",
    "web identity": "a web identity",
    "sso": "other sso_* keys",
    "credentials file": "fixed keys",
    "config keys": "fixed keys",
    "aws login": "the sign-in of aws login",
    "program": "the program",
}
_TOKENS = ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


def check_variables_with_fixed_keys(facts: Facts) -> Iterator[Finding]:
    """Find fixed keys in the environment, which win over AWS_PROFILE in all SDKs but JavaScript's."""
    environ = facts.environ
    present = [name for name in resolver.KEY_VARIABLES if environ.get(name)]
    tokens = [name for name in _TOKENS if environ.get(name)]
    if len(present) == 2:
        chosen = environ.get("AWS_PROFILE") or facts.chosen
        instead = f'instead of the profile "{show(chosen, 80)}"' if chosen else "for every call"
        account_id = environ.get("AWS_ACCOUNT_ID")
        account = f" (account {show(account_id, 20)})" if account_id else ""
        message = (
            f"AWS_ACCESS_KEY_ID is set{account}: boto3, the AWS CLI, Java, Go and Rust use this key "
            f"{instead}"
        )
        ends = environ.get("AWS_CREDENTIAL_EXPIRATION")
        if ends:
            message += f"; the key expires at {show(ends, 40)}, and nothing renews it"
        fix = f"unset {' '.join([*present, *tokens])}"
        if chosen is None and ends:
            # `exec` and `env` set the key's expiry in a variable beside the key, so this key is in
            # the environment on purpose.
            fix += "; for a job that outlasts the key: AWS_PROFILE, or ssohelper exec --server"
            yield note("keys-in-environment", _SHELL, message, fix)
        else:
            yield problem("keys-in-environment", _SHELL, message, fix)
    elif present == [resolver.KEY_VARIABLES[1]]:
        yield note(
            HALF_A_KEY,
            _SHELL,
            f"{present[0]} is set without its counterpart: AWS tools ignore it",
            f"unset {' '.join([*present, *tokens])}",
        )
    elif present:
        yield problem(
            HALF_A_KEY,
            _SHELL,
            f"{present[0]} is set without its counterpart: AWS tools stop with an error, except "
            "for commands that name a profile",
            f"unset {' '.join([*present, *tokens])}",
        )
    elif tokens:
        yield problem(
            "token-without-keys",
            _SHELL,
            f"{tokens[0]} is set without a key: it is left over from other keys, and would be sent "
            "with keys that are set later",
            f"unset {' '.join(tokens)}",
        )


def check_profile_variables(facts: Facts) -> Iterator[Finding]:
    """Find AWS_PROFILE with an unknown profile, and two variables that name two profiles."""
    config, environ = facts.config, facts.environ
    first, second = environ.get("AWS_PROFILE"), environ.get("AWS_DEFAULT_PROFILE")
    for variable, name in (("AWS_PROFILE", first), ("AWS_DEFAULT_PROFILE", second)):
        known = config.file is None or config.file.profile(name or "") is not None
        if name and not known and name not in config.credentials:
            yield problem(
                NO_SUCH_PROFILE,
                _SHELL,
                f'{variable} is "{show(name, 80)}", and there is no such profile: every AWS '
                "command fails",
                f"unset {variable}",
            )
    if first and second and first != second:
        yield problem(
            TWO_PROFILES,
            _SHELL,
            f'boto3 takes AWS_DEFAULT_PROFILE ("{show(second, 80)}"), the AWS CLI and other SDKs '
            f'take AWS_PROFILE ("{show(first, 80)}")',
            "unset AWS_DEFAULT_PROFILE",
        )


def check_empty_file_variables(facts: Facts) -> Iterator[Finding]:
    """Find variables for the path of a file that are set and empty: boto3 then reads no file."""
    if facts.environ.get("AWS_CONFIG_FILE") == "":
        yield problem(
            EMPTY_VARIABLE,
            _SHELL,
            "AWS_CONFIG_FILE is set and empty: boto3 and the AWS CLI read no config, and find none of "
            "its profiles",
            "unset AWS_CONFIG_FILE",
        )
    if facts.environ.get("AWS_SHARED_CREDENTIALS_FILE") == "":
        yield note(
            EMPTY_VARIABLE,
            _SHELL,
            "AWS_SHARED_CREDENTIALS_FILE is set and empty: boto3 and the AWS CLI read no credentials "
            "file",
            "unset AWS_SHARED_CREDENTIALS_FILE",
        )


def check_empty_profile_variables(facts: Facts) -> Iterator[Finding]:
    """Find AWS_PROFILE and AWS_DEFAULT_PROFILE if they are empty: "" is no name of a profile.

    boto3 reads AWS_DEFAULT_PROFILE first, the AWS CLI AWS_PROFILE.
    """
    variables = [name for name in resolver.PROFILE_VARIABLES if name in facts.environ]
    for name in variables:
        who = ["boto3"] if name == variables[-1] else []
        who += ["the AWS CLI"] if name == variables[0] else []
        if facts.environ[name] == "":
            yield problem(
                EMPTY_VARIABLE,
                _SHELL,
                f"{name} is set and empty: {' and '.join(who)} {'stop' if len(who) > 1 else 'stops'} "
                'with "The config profile () could not be found", except for commands that name a profile',
                f"unset {name}",
            )


def check_container_variables(facts: Facts) -> Iterator[Finding]:
    """Find variables of containers that SDKs prefer to a profile, or ignore because of [default]."""
    environ = facts.environ
    chosen = environ.get("AWS_PROFILE") or facts.chosen
    if all(environ.get(name) for name in resolver.WEB_IDENTITY_VARIABLES) and chosen:
        yield problem(
            "web-identity-in-environment",
            _SHELL,
            "AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are set: boto3, the AWS CLI, Java and Go "
            f'use that role instead of the profile "{show(chosen, 80)}"',
            f"unset {' '.join(resolver.WEB_IDENTITY_VARIABLES)}",
        )
    elif facts.is_web_identity_token_file_missing:
        yield problem(
            "web-identity-missing",
            _SHELL,
            "AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are set, and there is no such file: AWS "
            "tools without a profile stop with an error",
            f"unset {' '.join(resolver.WEB_IDENTITY_VARIABLES)}",
        )
    named = [name for name in resolver.CONTAINER_VARIABLES if environ.get(name)]
    if named and not chosen and _has_default_profile_credentials(facts):
        yield problem(
            "default-before-container",
            _SHELL,
            f"{named[0]} is set, and the profile [default] has credentials: AWS tools take [default]",
            f"remove the credentials from [default], or: unset {named[0]}",
        )


def check_fixed_keys_in_default_profile(facts: Facts) -> Iterator[Finding]:
    """Find fixed keys in [default], which commands use if the user names no profile."""
    config = facts.config.file
    default = config.profile("default") if config else None
    in_config = default is not None and "aws_access_key_id" in default.keys
    in_credentials = "aws_access_key_id" in facts.config.credentials.get("default", ())
    if (in_config or in_credentials) and facts.chosen in (None, "default"):
        where = facts.config.path if in_config else facts.config.credentials_path
        yield note(
            "keys-in-default",
            "profile [default]",
            f"[default] in {show(where, 200)} has fixed keys, which commands without a profile use",
            "if a role of Identity Center can replace these access keys, delete them at AWS and in that file",
        )


def check_credentials_sections(facts: Facts) -> Iterator[Finding]:
    """Find sections of ~/.aws/credentials that win over a profile of the same name."""
    config = facts.config.file
    for profile in facts.profiles if config is not None else ():
        section = facts.config.credentials.get(profile.name)
        if not section or not _has_credentials_besides_static_key(profile) or config is None:
            continue
        changed = resolver.find_credentials_that_section_changes(config, profile.name, section)
        if changed:
            name = show(profile.name, 80)
            yield problem(
                "shadowed-by-credentials-file",
                profiles_subject([profile.name]),
                f'the section "[{name}]" of {show(facts.config.credentials_path, 200)} wins over '
                f"the profile: {describe_credentials(changed)}",
                "remove or rename that section",
            )


def describe_credentials(all_credentials: Iterable[Resolved]) -> str:
    """Return a text that says what SDK families take: "Go takes a program; JavaScript takes …"."""
    families: dict[str, list[str]] = {}
    for one in all_credentials:
        families.setdefault(_describe_source(one), []).append(one.family)
    texts = []
    for source, names in families.items():
        is_one = len(names) == 1 and names[0] != resolver.BOTO3
        verb = "stop" if source.startswith(_AN_ERROR) else "take"
        texts.append(f"{', '.join(names)} {verb}{'s' if is_one else ''} {source}")
    return "; ".join(texts)


def _describe_source(credentials: Resolved) -> str:
    if credentials.source == "error":
        return f"{_AN_ERROR} ({show(credentials.detail, 200)})"
    source: str = _WORDS.get(credentials.source, credentials.source)
    if credentials.source == "program":
        source += f' "{show(credentials.detail, 80)}"'
    if credentials.account_id is None:
        return source
    role = f", role {show(credentials.role_name, 64)}" if credentials.role_name else ""
    return f"{source} (account {show(credentials.account_id, 20)}{role})"


def check_aws_endpoint_url_variable(facts: Facts) -> Iterator[Finding]:
    """Find AWS_ENDPOINT_URL, which sends every call of AWS tools to one host."""
    if facts.environ.get("AWS_ENDPOINT_URL"):
        yield note(
            "general-endpoint",
            _SHELL,
            "AWS_ENDPOINT_URL is set: AWS tools send every call there, sign-ins too; ssohelper "
            "ignores it",
            "unset AWS_ENDPOINT_URL, or set the variables of single services",
        )


def check_account_of_each_sdk(facts: Facts) -> Iterator[Finding]:
    """Find SDK families that use another account than the profile in `doctor PROFILE` is for."""
    config = facts.config.file
    if facts.chosen is None or config is None:
        return
    for profile in facts.profiles:
        section = facts.config.credentials.get(profile.name, {})
        # `check_credentials_sections` reports SDK families that the credentials file misleads.
        changed = resolver.find_credentials_that_section_changes(config, profile.name, section)
        known = {one.family for one in changed}
        resolving = resolver.Resolver(config, facts.config.credentials, facts.environ)
        for one in resolving.resolve_for_each_family(profile.name, in_shell=True):
            meant = profile.meant_account_id
            if one.account_id and meant and one.account_id != meant and one.family not in known:
                yield problem(
                    "another-account",
                    f'profile "{show(profile.name, 80)}"',
                    f"{one.family}: uses {show(one.detail, 80)}, which is of account "
                    f"{show(one.account_id, 20)}; the profile is for {meant}",
                    "remove that source: unset the variable, or take the keys out of the profile",
                )


def _has_default_profile_credentials(facts: Facts) -> bool:
    config = facts.config.file
    default = config.profile("default") if config else None
    in_credentials = "aws_access_key_id" in facts.config.credentials.get("default", ())
    return in_credentials or (
        default is not None and bool(_keys_that_give_credentials(default.keys))
    )


def _has_credentials_besides_static_key(profile: ProfileFact) -> bool:
    return bool(_keys_that_give_credentials(profile.entry.keys) - {"aws_access_key_id"})


def _keys_that_give_credentials(keys: Mapping[str, str]) -> set[str]:
    wanted = {"aws_access_key_id", "credential_process", "role_arn", "login_session"}
    return wanted & keys.keys() | set(resolver.SSO_KEYS) & keys.keys()


CHECKS = (
    check_variables_with_fixed_keys,
    check_profile_variables,
    check_empty_file_variables,
    check_empty_profile_variables,
    check_container_variables,
    check_fixed_keys_in_default_profile,
    check_credentials_sections,
    check_aws_endpoint_url_variable,
    check_account_of_each_sdk,
)
