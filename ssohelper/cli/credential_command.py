"""The command credential-process, for arguments such as --help that its fast path cannot handle."""

import click

from ssohelper import credential_process as entry_point
from ssohelper.actions import selection
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core.model import checked_role, encoded_profile_name
from ssohelper.errors import SsoHelperError, UsageProblem


@click.command(
    "credential-process", cls=output.Command, context_settings={"ignore_unknown_options": False}
)
@click.option("--profile", metavar="NAME", help="A profile in ~/.aws/config.")
@click.option("--account-id", metavar="ID", help="The account's id, 12 digits.")
@click.option("--role-name", metavar="NAME", help="The role: its permission set's name.")
@click.option(
    "--chain", metavar="PROFILE", help="The chained profile whose role is assumed with this role."
)
def print_credentials(
    app: App,
    profile: str | None,
    account_id: str | None,
    role_name: str | None,
    chain: str | None,
) -> int:
    """Print credentials as one JSON line, for SDKs.

    \b
    Examples:
      ssohelper credential-process --profile payments-prod.ReadOnlyAccess
      ssohelper credential-process --session corp --account-id 001234567890 \\
          --role-name ReadOnlyAccess

    Profiles in ~/.aws/config run this. It never asks for input and ends within 20 s.
    """
    session = output.options().session
    by_key = bool(session and account_id and role_name)
    if bool(profile) == by_key or (profile and (session or account_id or role_name or chain)):
        raise UsageProblem(
            "credential-process takes --profile, or --session, --account-id and --role-name"
        )
    try:
        if profile:
            found = selection.resolve_profile(app, profile, None)
            named, role = found.session, found.role
        else:
            named = selection.require_session(app, session or "")
            role = checked_role(
                account_id or "", role_name or "", encoded_profile_name(chain or "")
            )
        entry_point.print_credential_document(app, named, role, app.clock.deadline())
    except SsoHelperError as error:
        return entry_point.print_error_for_sdk(error)
    return 0
