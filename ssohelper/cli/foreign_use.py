"""Carries out env, whoami and console for a profile whose credentials another tool provides.

The profile's own provider gives the credentials, once and within 18 s. Each command says on stderr
where the credentials come from.
"""

import getpass
import os
import re
import sys
from collections.abc import Callable
from typing import Any

from ssohelper.actions import doctor_profiles, foreign_credentials, foreign_profiles
from ssohelper.actions.environment import Environment
from ssohelper.app import App
from ssohelper.cli import choosing, output, standard_streams
from ssohelper.core import shell_text
from ssohelper.core.foreign import ForeignCredentials, ForeignProfile
from ssohelper.core.instants import to_iso
from ssohelper.core.text import show, to_json
from ssohelper.errors import (
    AwsUnreachable,
    BadAnswer,
    ConfigInvalid,
    SsoHelperError,
    UsageProblem,
)


def get_foreign_credentials(app: App, found: ForeignProfile) -> ForeignCredentials:
    """Return the profile's credentials; print their source, and ask for codes of MFA devices.

    Raises: the errors of foreign_profiles.check_usable and foreign_credentials.obtain_credentials.
    """
    choosing.warn_about_config(app, found.name)
    is_on_terminal = output.can_ask_user()
    foreign_profiles.check_usable(app, found, is_on_terminal=is_on_terminal)
    output.say(found.description)
    codes = {serial: _ask_mfa_code(serial) for serial in found.mfa_serials}
    try:
        return foreign_credentials.obtain_credentials(
            app, found, codes, app.clock.deadline(), is_on_terminal=is_on_terminal
        )
    except (AwsUnreachable, BadAnswer, ConfigInvalid) as error:
        raise doctor_profiles.explain_error(app, found.name, error) from error


def _ask_mfa_code(serial: str) -> str:
    code = getpass.getpass(f"code of the MFA device {show(serial, 120)}: ", sys.stderr).strip()
    if not re.fullmatch("[0-9]{6}", code):
        raise UsageProblem("the code of an MFA device has six digits")
    return code


# -- what `env` prints for another tool's profile -------------------------------------------------


def print_foreign_keys(app: App, found: ForeignProfile, shell: str, form: str) -> None:
    """Print the profile's keys as `env` does. An IAM user's keys have no token or expiration."""
    keys = get_foreign_credentials(app, found)
    variables = foreign_profiles.build_environment(app, found, keys)
    print_environment_variables(app, variables, shell, form, keys)


def print_environment_variables(
    app: App, found: Environment, shell: str, form: str, keys: ForeignCredentials
) -> None:
    """Print environment variables, secrets included, in the form that the options of `env` name."""
    variables = found.reveal_variables()
    if output.options().json:
        output.print_json(variables, app.warnings)
    elif form == "sts":
        answer = to_json({"Credentials": _sts_answer_json(keys)}, indent=2)
        standard_streams.write_stdout(answer.encode() + b"\n")
    elif form == "json":
        standard_streams.write_stdout(to_json(variables, indent=2).encode() + b"\n")
    else:
        text = shell_text.assignment_text(shell, variables, found.unset)
        standard_streams.write_stdout(os.fsencode(text) + b"\n")


def _sts_answer_json(keys: ForeignCredentials) -> dict[str, str]:
    secret = keys.secret_access_key.reveal()
    answer = {"AccessKeyId": keys.access_key_id, "SecretAccessKey": secret}
    if keys.is_temporary:
        answer["SessionToken"] = keys.session_token.reveal()
    if keys.expires_at is not None:
        answer["Expiration"] = to_iso(keys.expires_at)
    return answer


# -- what `whoami` prints for another tool's profile ----------------------------------------------


def print_foreign_identity(app: App, found: ForeignProfile) -> None:
    """Print the profile, then what STS says of its credentials, as `whoami` does."""

    def confirm() -> dict[str, Any]:
        keys = get_foreign_credentials(app, found)
        if not output.options().json:
            print_values(profile=found.name)
        return foreign_credentials.confirm_identity_of(app, found, keys)._asdict()

    if output.options().json:
        print_identity_json(app, confirm, profile=found.name)
        return
    said = confirm()
    values = {"account": said["account_id"], "role": said["role_name"]}
    print_values(**values, user=said["user"], arn=said["arn"])
    output.say("confirmed by AWS")


def print_values(**values: str | None) -> None:
    """Print a line for each name and value, aligned on a terminal, tab-separated elsewhere.

    They are shown at once: STS, which may be asked next, may take seconds to answer.
    """
    is_terminal = sys.stdout.isatty()
    for name, value in values.items():
        if value is not None:
            output.echo(f"{name:<9}{show(value)}" if is_terminal else f"{name}\t{show(value)}")
    sys.stdout.flush()


def print_identity_json(
    app: App, confirm: Callable[[], dict[str, Any]], *, is_served: bool = True, **known: str | None
) -> None:
    """Print an identity with what AWS says of it; `is_served`: AWS tools get this role."""
    names = ("profile", "session", "account_id", "account_name", "role_name", "user", "arn")
    data: dict[str, Any] = {**dict.fromkeys(names), **known, "confirmed": False}
    try:
        data.update(confirm(), confirmed=is_served)
    except SsoHelperError as error:
        app.warn(f"AWS did not confirm this identity: {error.message}")
        output.print_json(data, app.warnings)
        raise
    output.print_json(data, app.warnings)


# -- what `console` prints for another tool's profile ---------------------------------------------


def make_no_link_error(found: ForeignProfile) -> UsageProblem:
    return UsageProblem(
        f'the profile "{found.name}" belongs to no access portal, so there is no link to print',
        hint=f"where a browser can be started: ssohelper console {found.name}",
    )
