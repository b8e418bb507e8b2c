"""Gets the credentials of a profile that another tool provides, for env, exec, whoami and console."""

import getpass
import re
import sys

from ssohelper.actions import doctor_profiles, foreign_credentials, foreign_profiles
from ssohelper.app import App
from ssohelper.cli import choosing, output
from ssohelper.core.foreign import ForeignCredentials, ForeignProfile
from ssohelper.core.text import show
from ssohelper.errors import AwsUnreachable, BadAnswer, ConfigInvalid, UsageProblem


def get_foreign_credentials(app: App, found: ForeignProfile) -> ForeignCredentials:
    """Print the source of the credentials, ask for codes of MFA devices, and get them."""
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
