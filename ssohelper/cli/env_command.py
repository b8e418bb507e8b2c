"""The command env: prints a role's keys as exports for eval, or nothing if there is an error."""

import os
import sys

import click

from ssohelper.actions import favourites, fixed_keys, foreign_profiles
from ssohelper.app import App
from ssohelper.cli import choosing, foreign_use, guarding, output, profile_use, standard_streams
from ssohelper.core import shell_text
from ssohelper.core.foreign import ForeignCredentials, ForeignProfile
from ssohelper.core.instants import to_iso
from ssohelper.core.policy import Way
from ssohelper.core.text import to_json
from ssohelper.errors import UsageProblem


@click.command("env", cls=output.Command)
@click.argument("profile", metavar="[PROFILE]", required=False)
@click.option(
    "--shell",
    type=click.Choice([*shell_text.SHELLS, "sh"]),
    default="bash",
    show_default=True,
    metavar="|".join(shell_text.SHELLS),
    help="The shell that will read the exports; for any POSIX shell: bash.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["env", "json", "sts"]),
    default="env",
    show_default=True,
    help="Print exports, one JSON object of the variables, or JSON as AWS STS answers.",
)
@click.option("--reveal", is_flag=True, help="Print the secrets even on a terminal.")
@guarding.reason_option
def print_env(
    app: App, profile: str | None, shell: str, form: str, reveal: bool, grant_reason: str | None
) -> None:
    """Print a role's keys as shell exports, for eval.

    \b
    Examples:
      eval "$(ssohelper env payments-prod.ReadOnlyAccess)"
      ssohelper env --shell fish payments-prod.ReadOnlyAccess | source
      ssohelper env --format json payments-prod.ReadOnlyAccess | jq -r .AWS_ACCESS_KEY_ID

    If there is an error, no export is printed. The keys are not renewed when they expire. For one
    command there is `ssohelper exec`, and for this shell `ssohelper use`. Credentials of other
    tools (static keys, another program, `aws login`) are requested once, for at most 18 s.
    """
    if sys.stdout.isatty() and not reveal:
        raise UsageProblem(
            "secrets are not printed on a terminal",
            hint="run a command with them: ssohelper exec PROFILE -- COMMAND (or add --reveal)",
        )
    chosen = choosing.choose_any_profile(profile)
    if isinstance(chosen, ForeignProfile):
        keys = foreign_use.get_foreign_credentials(app, chosen)
        found = foreign_profiles.build_environment(app, chosen, keys)
    else:
        profile_use.warn_of_problem(app, chosen.name)
        guarding.grant_role_for_reason(app, chosen, grant_reason)
        issued = fixed_keys.release_fixed_keys(app, chosen, Way.ENV)
        found = fixed_keys.build_environment(app, chosen, issued)
        keys = ForeignCredentials(*issued)
    variables = found.reveal_variables()
    if not output.print_if_json(variables):
        if form == "sts":
            text = to_json({"Credentials": _sts_answer(keys)}, indent=2)
        elif form == "json":
            text = to_json(variables, indent=2)
        else:
            text = shell_text.assignment_text(shell, variables, found.unset)
        standard_streams.write_stdout(os.fsencode(text) + b"\n")
    if not isinstance(chosen, ForeignProfile):
        favourites.record_use_of_role(app, chosen)


def _sts_answer(keys: ForeignCredentials) -> dict[str, str]:
    secret = keys.secret_access_key.reveal()
    answer = {"AccessKeyId": keys.access_key_id, "SecretAccessKey": secret}
    if keys.is_temporary:
        answer["SessionToken"] = keys.session_token.reveal()
    if keys.expires_at is not None:
        answer["Expiration"] = to_iso(keys.expires_at)
    return answer
