"""Exchanges a role's credentials for a token that signs a browser in to the AWS console.

Source: IAM user guide, "Enable custom identity broker access to the AWS console". No API model
describes this call: AWS's sign-in host takes a form and answers with JSON.
"""

import json
import re
import time
from collections.abc import Mapping
from urllib.parse import urlencode

from ssohelper.core.console_urls import console_sign_in_url
from ssohelper.core.deadline import Deadline
from ssohelper.core.model import RoleCredentials, Secret
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.service_hosts import console_federation_url
from ssohelper.errors import RoleNotAssigned
from ssohelper.wire.answers import (
    GET_NEW_CREDENTIALS,
    error_of_answer,
    foreign_success_error,
    invalid_answer_error,
)
from ssohelper.wire.transport import (
    Answer,
    Transport,
    call_with_retries,
)

_CALL_SECONDS = 15.0
# A sign-in token of AWS has some 700 to 2,000 characters. Longer ones are refused, because the
# token becomes part of an address, whose length is limited too.
_TOKEN = re.compile(r"[!-~]{16,8192}")


class Federation:
    def __init__(self, region: str, environ: Mapping[str, str]) -> None:
        self._service_url = console_federation_url(region, environ)
        self._service = f"the console's sign-in service in {region}"
        self._transport = Transport(self._service_url, environ, self._service)

    def get_login_url(self, credentials: RoleCredentials, issuer: str, destination: str) -> Secret:
        """Return the address that signs a browser in to the console, valid for about 15 minutes.

        Without SessionDuration, with which AWS refuses a role that was assumed from another role,
        the console session ends with the credentials.
        Raises: RoleNotAssigned (credentials refused), AwsUnreachable, Throttled, BadAnswer.
        """
        limit = Deadline(_CALL_SECONDS, time.monotonic)
        # The request may be repeated, because a lost sign-in token does no harm.
        token = call_with_retries(
            lambda: self._request_token(credentials, limit), limit, is_repeatable=True
        )
        return console_sign_in_url(self._service_url, issuer, destination, token)

    def _request_token(self, credentials: RoleCredentials, deadline: Deadline) -> Secret:
        session = {
            "sessionId": credentials.access_key_id,
            "sessionKey": credentials.secret_access_key.reveal(),
            "sessionToken": credentials.session_token.reveal(),
        }
        # Use POST, because credentials in a query string would appear in every proxy's log.
        form = urlencode({"Action": "getSigninToken", "Session": json.dumps(session)})
        answer = self._transport.send(
            "POST",
            "/federation",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=form.encode("ascii"),
            deadline=deadline,
        )
        if answer.status != 200:
            raise self._error_of(answer)
        try:
            found = json.loads(answer.body)
        except (ValueError, RecursionError) as cause:
            raise foreign_success_error(answer, self._service) from cause
        token = found.get("SigninToken") if isinstance(found, dict) else None
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise invalid_answer_error(answer, self._service, Damaged("SigninToken"))
        return Secret(token)

    def _error_of(self, answer: Answer) -> Exception:
        if answer.status in (400, 401, 403):
            return RoleNotAssigned(
                f"{self._service} refuses these credentials ({answer.status})",
                hint=GET_NEW_CREDENTIALS,
            )
        return error_of_answer(answer, self._service, lambda _error: None, is_oauth=False)
