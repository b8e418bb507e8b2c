"""Exchanges a role's credentials for a token that signs a browser in to the AWS console.

Source: IAM user guide, "Enable custom identity broker access to the AWS console". No API model
describes this call: AWS's sign-in host takes a form and answers with JSON.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ssohelper.core.console_urls import console_sign_in_url
from ssohelper.core.deadline import Deadline
from ssohelper.core.model import RoleCredentials, Secret
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.service_hosts import console_federation_url
from ssohelper.errors import RoleNotAssigned
from ssohelper.wire.answers import GET_NEW_CREDENTIALS, parse_answer_record
from ssohelper.wire.transport import Transport, call_with_retries

_CALL_SECONDS = 15.0
# AWS's sign-in tokens have 700 to 2,000 characters. Longer ones are refused: the token becomes part
# of an address of limited length.
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
        # The request may be repeated, because a lost sign-in token does no harm.
        token = call_with_retries(
            lambda limit: self._request_token(credentials, limit), _CALL_SECONDS, is_repeatable=True
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
        if answer.status in (400, 401, 403):
            raise RoleNotAssigned(
                f"{self._service} refuses these credentials ({answer.status})",
                hint=GET_NEW_CREDENTIALS,
            )
        return parse_answer_record(
            answer, self._service, lambda _error: None, _token_of_answer, is_oauth=False
        )


def _token_of_answer(found: dict[str, Any]) -> Secret:
    token = found.get("SigninToken")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise Damaged("SigninToken")
    return Secret(token)
