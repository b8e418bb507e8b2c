"""Gets the credentials of a profile that does not use ssohelper, from the profile's own provider.

botocore's providers run in a process of their own (provider_process), which is killed after 18 s
with all that it started. Nothing is cached.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import console, foreign_profiles, sync_choices
from ssohelper.core import console_urls, profile_region
from ssohelper.core.foreign import (
    ForeignCredentials,
    hint_without_ssohelper,
    no_credentials_message,
    parse_provider_answer,
)
from ssohelper.core.service_hosts import (
    checked_region,
    console_federation_url,
    is_loopback_url,
    is_region,
    partition_of,
    service_url,
)
from ssohelper.core.text import to_json
from ssohelper.errors import (
    AwsUnreachable,
    ConfigInvalid,
    LocalState,
    RoleNotAssigned,
    UsageProblem,
)
from ssohelper.fastpath import PROVIDER_PROCESS
from ssohelper.fastpath.spawn import environment_without_credentials
from ssohelper.system import collected_run

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.console_urls import ConsolePage
    from ssohelper.core.deadline import Deadline
    from ssohelper.core.foreign import ForeignProfile
    from ssohelper.system.browser import Opener

_USUAL_REGION = "us-east-1"


class Identity(NamedTuple):
    """The identity that STS reports for credentials. `role_name` is None for an IAM user."""

    account_id: str
    role_name: str | None
    user: str
    arn: str


def obtain_credentials(
    app: App,
    found: ForeignProfile,
    codes: Mapping[str, str],
    deadline: Deadline,
    *,
    is_on_terminal: bool,
) -> ForeignCredentials:
    """Return the credentials. `codes` has an MFA code for each device.

    Without a terminal, the provider may open no browser.
    """
    wanted = dict(app.environ)
    if not found.credential_source:
        wanted = foreign_profiles.build_environment(app, found).environ_with_changes(app.environ)
    # With SSLKEYLOGFILE, TLS libraries would write the connections' keys to a file.
    wanted.pop("SSLKEYLOGFILE", None)
    wanted["AWS_DEFAULT_REGION"] = choose_sts_region(app, found)
    if not is_on_terminal:
        wanted["BROWSER"] = "false"
    # The provider's process gets the environment through stdin: Python must not load what
    # PYTHONPATH and its like name, and keys must not be readable in /proc/PID/environ.
    given = to_json({"codes": dict(codes), "environ": wanted}).encode()
    argv = [sys.executable, "-m", "ssohelper", PROVIDER_PROCESS, found.name]
    seconds = deadline.seconds_left()
    ended = collected_run.run_with_time_limit(
        argv, environment_without_credentials(wanted), seconds, given
    )
    if ended.reason:
        raise LocalState(f"no process can be started: {ended.reason}")
    if ended.code is None:
        raise AwsUnreachable(
            f"{no_credentials_message(found)} within {seconds:.0f} s, so the attempt was stopped",
            hint=hint_without_ssohelper(found),
        )
    return parse_provider_answer(found, ended.stdout)


def choose_sts_region(app: App, found: ForeignProfile) -> str:
    """Return the region for STS: the profile's, the environment's, the setting's, or a default."""
    own = foreign_profiles.find_foreign_region(app, found)
    known = [app.environ.get(name, "") for name in profile_region.VARIABLES]
    known.append(app.settings.get("default_region") or "")
    return own or next(filter(is_region, known), _USUAL_REGION)


def confirm_identity_of(app: App, found: ForeignProfile, keys: ForeignCredentials) -> Identity:
    """Ask STS whose credentials these are. Raises: RoleNotAssigned (5), AwsUnreachable (6)."""
    region = checked_region(choose_sts_region(app, found))
    variant = app.aws.host_variant_of_keys(_keys_of(app, found))
    try:
        answer = app.aws.get_caller_identity(keys.for_request, region, variant, any_caller=True)
    except RoleNotAssigned as error:
        # STS refused the credentials. The error's hint, to clear our cache, would not help here.
        error.hint = f"ssohelper did not issue them: renew them where they come from ({found.what})"
        raise
    # An ARN ends with assumed-role/ROLE/SESSION, user/PATH/NAME, or only "root".
    kind, *path = answer.arn.rpartition(":")[2].rstrip("/").split("/")
    role_name = path[0] if kind == "assumed-role" and path else None
    return Identity(answer.account_id, role_name, path[-1] if path else kind, answer.arn)


def _keys_of(app: App, found: ForeignProfile) -> Mapping[str, str]:
    entry = app.config.find_profile(found.name)
    return entry.keys if entry is not None else {}


def choose_console_page(
    app: App, found: ForeignProfile, service: str | None, region: str | None
) -> ConsolePage:
    chosen = (
        sync_choices.parse_region_name(region)
        if region
        else checked_region(choose_sts_region(app, found))
    )
    return console_urls.console_page_of_service(service or "home", chosen)


def open_console_in_browser(
    app: App,
    found: ForeignProfile,
    keys: ForeignCredentials,
    page: ConsolePage,
    opener: Opener,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Sign a browser in to the console page.

    Raises: UsageProblem for keys of an IAM user; ConfigInvalid if AWS_ENDPOINT_URL_SIGNIN names
    this machine but STS is AWS's.
    """
    if not keys.is_temporary:
        what = "the console opens with temporary credentials only"
        what = f'{what}, and those of "{found.name}" are the access key of an IAM user'
        raise UsageProblem(what, hint="use a profile that assumes a role with that access key")
    federation = app.aws.federation(page.region)
    variant = app.aws.host_variant_of_keys(_keys_of(app, found))
    sign_in_url = console_federation_url(page.region, app.environ)
    sts_url = service_url("sts", page.region, app.environ, variant)
    if is_loopback_url(sign_in_url) and not is_loopback_url(sts_url):
        what = f'the credentials of "{found.name}" are not sent to a server on this machine'
        raise ConfigInvalid(what, hint="unset AWS_ENDPOINT_URL_SIGNIN")
    host = f"https://{partition_of(page.region).console_host}/"
    address = federation.get_login_url(keys.for_request, host, page.url)
    console.send_browser_to_address(
        app, address, opener, is_cancelled, "name the browser's command in BROWSER"
    )
