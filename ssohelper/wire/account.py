"""Asks STS which identity a role's credentials have (GetCallerIdentity).

Source: STS 2011-06-15.
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ssohelper.core.deadline import Deadline
from ssohelper.core.host_variant import DEFAULT_VARIANT, HostVariant
from ssohelper.core.model import ACCOUNT_ID, Role, RoleCredentials
from ssohelper.core.service_hosts import sts_service_url
from ssohelper.errors import BadAnswer, RoleNotAssigned, SsoHelperError
from ssohelper.wire.answers import NOT_AWS
from ssohelper.wire.clients import (
    Refusal,
    make_botocore_client,
    run_until_deadline,
    translate_botocore_errors,
)

# The ARN of a role session. STS limits a role session's name to [\w+=,.@-]{2,64}.
_ARN = re.compile(
    r"arn:(aws[a-z-]*):sts::([0-9]{12}):assumed-role/([A-Za-z0-9_+=,.@-]{1,64})"
    r"/([A-Za-z0-9_+=,.@-]{2,64})"
)
# The ARN of any identity: a role session, an IAM user, a federated user, the root user.
_ANY_ARN = re.compile(r"arn:(aws[a-z-]*):(?:sts|iam)::([0-9]{12}):[A-Za-z0-9_+=,.@/-]{1,700}")
_USER_ID = re.compile(r"[A-Za-z0-9_+=,.@:-]{1,193}")
_CALL_SECONDS = 12.0


class Identity(NamedTuple):
    """The identity that role credentials have, according to STS."""

    arn: str
    account_id: str
    user_id: str

    @property
    def role_session_name(self) -> str:
        """Return the name of the role session, which Identity Center takes from the user name."""
        return self.arn.rsplit("/", 1)[1]

    def is_role(self, role: Role, assumed: Role | None = None) -> bool:
        """Return whether this identity is the IAM role of `role`'s permission set and account.

        With `assumed`, return whether this identity is the IAM role `assumed` instead.
        """
        if assumed is not None:
            arn_begin = f":sts::{assumed.account_id}:assumed-role/{assumed.name}/"
            return self.account_id == assumed.account_id and arn_begin in self.arn
        # The role of a permission set is named AWSReservedSSO_<permission set>_<16 hex digits>.
        return self.account_id == role.account_id and f"_{role.name}_" in self.arn


class StsIdentityClient:
    """Calls STS in one region, with the credentials of one role."""

    def __init__(
        self,
        credentials: RoleCredentials,
        region: str,
        environ: Mapping[str, str],
        warn: Callable[[str], None],
        variant: HostVariant = DEFAULT_VARIANT,
    ) -> None:
        self._credentials = credentials
        self._region = region
        self._environ = environ
        self._warn = warn
        self._service_url = sts_service_url(region, environ, variant)

    def get_caller_identity(self) -> Identity:
        """Return the identity that these credentials have.
        Raises: RoleNotAssigned (STS refuses the credentials), AwsUnreachable, BadAnswer."""
        return self._ask_for_identity(_ARN, "role session")

    def get_identity_of_any_caller(self) -> Identity:
        """Return the identity that these credentials have, which may be no role session.
        Raises: RoleNotAssigned (STS refuses the credentials), AwsUnreachable, BadAnswer."""
        return self._ask_for_identity(_ANY_ARN, "identity")

    def _ask_for_identity(self, arn_form: re.Pattern[str], what: str) -> Identity:
        service = f"STS in {self._region}"
        client = make_botocore_client(
            "sts", self._region, self._service_url, self._environ, self._credentials
        )
        with translate_botocore_errors(service, _error_for_refused_credentials):
            answer = run_until_deadline(
                Deadline(_CALL_SECONDS, time.monotonic), client.get_caller_identity, service
            )
        return _parse_identity(answer, arn_form, what)


def _error_for_refused_credentials(refusal: Refusal) -> SsoHelperError | None:
    # An error answer without an error code is not from AWS, and says nothing about the credentials.
    if refusal.status in (401, 403) and refusal.code:
        return RoleNotAssigned(
            f"STS refuses these credentials ({refusal.code or refusal.status})",
            hint="to get new credentials: ssohelper cache clear, then try again",
        )
    return None


def _parse_identity(answer: Any, arn_form: re.Pattern[str], what: str) -> Identity:
    found = answer if isinstance(answer, dict) else {}
    arn, account_id, user_id = (found.get(key) for key in ("Arn", "Account", "UserId"))
    if not isinstance(account_id, str) or not ACCOUNT_ID.fullmatch(account_id):
        raise BadAnswer('STS answered nonsense: its "Account" has no 12 digits', hint=NOT_AWS)
    parts = arn_form.fullmatch(arn) if isinstance(arn, str) else None
    if parts is None or parts.group(2) != account_id:
        raise BadAnswer(
            f'STS answered nonsense: its "Arn" is no {what} of that account', hint=NOT_AWS
        )
    if not isinstance(user_id, str) or not _USER_ID.fullmatch(user_id):
        raise BadAnswer('STS answered nonsense: no valid "UserId"', hint=NOT_AWS)
    return Identity(parts.group(), account_id, user_id)
