"""Whether AWS, a gateway, a proxy or a captive portal answered."""

from http.client import HTTPMessage

import pytest

from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import (
    AnswerLost,
    AwsUnreachable,
    BadAnswer,
    LoginRequired,
    SsoHelperError,
    Throttled,
)
from ssohelper.wire.answers import (
    LATER,
    NOT_AWS,
    AwsError,
    aws_error_of,
    error_of_answer,
    invalid_answer_error,
    parse_answer_record,
)
from ssohelper.wire.transport import Answer

HTML = ("Content-Type", "text/html; charset=utf-8")
JSON = ("Content-Type", "application/json")


def said(status: int, body: bytes = b"", *headers: tuple[str, str]) -> Answer:
    message = HTTPMessage()
    for name, value in headers:
        message[name] = value
    return Answer(status, message, body, None)


def no_meaning(error: AwsError) -> SsoHelperError | None:
    return None


def signed_out(error: AwsError) -> SsoHelperError | None:
    return LoginRequired(error.name)


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (said(400, b"", ("x-amzn-ErrorType", "InvalidGrantException:http://internal/coral/")),
         "InvalidGrantException"),
        (said(400, b"", ("X-Amzn-Errortype", "com.amazonaws.x#SomethingNewException")),
         "SomethingNewException"),
        (said(400, b'{"error":"invalid_grant","error_description":"x"}'), "InvalidGrantException"),
        (said(403, b'{"message":"No access","__type":"com.amazonaws.portal#ForbiddenException"}'),
         "ForbiddenException"),
        (said(401, b'{"code":"UnauthorizedException"}'), "UnauthorizedException"),
        (said(403, b'{"message":"No access"}'), ""),
        (said(403, b'{"error":"blocked"}'), ""),
        (said(403, b'{"__type":"ProxyException"}'), ""),
        (said(403, b'{"error":{"code":"invalid_grant"}}'), ""),
        (said(403, b'["invalid_grant"]'), ""),
        (said(403, b"invalid_grant"), ""),
        (said(403, b"<html>ForbiddenException</html>", HTML), ""),
        (said(403, b"", ("x-amzn-ErrorType", "")), ""),
        (said(403, b"", ("x-amzn-ErrorType", "\x1b[2J")), ""),
        (said(403, b"", ("x-amzn-RequestId", "1")), ""),
        (said(403, b"[" * 100_000), ""),
    ],
)  # fmt: skip
def test_aws_answers_are_distinguished_from_other_programs(answer: Answer, name: str) -> None:
    found = aws_error_of(answer)
    assert (found.name if found else "") == name
    # Errors about tokens and roles are raised only for AWS's own answers.
    assert isinstance(error_of_answer(answer, "AWS", signed_out, found), LoginRequired) is bool(
        name
    )


def test_aws_messages_are_sanitised_and_shortened() -> None:
    body = b'{"error":"invalid_grant","error_description":"\\u001b[2J' + b"x" * 500 + b'"}'
    found = aws_error_of(said(400, body))
    assert found is not None
    assert "\x1b" not in found.message
    assert len(found.message) <= 120


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (
            said(403, b"<html>", HTML),
            AwsUnreachable,
            "HTML page, perhaps of a proxy or captive portal",
        ),
        (said(403, b" <!DOCTYPE html>"), AwsUnreachable, "an HTML page"),
        (said(403), AwsUnreachable, "an empty answer, perhaps of a proxy"),
        (said(403, b'{"a":1}', JSON), AwsUnreachable, "JSON that is not AWS's"),
        (said(407, b"denied"), AwsUnreachable, "text that is not AWS's"),
        (said(408), AwsUnreachable, "too slow"),
        (said(429, b"<html>", HTML), Throttled, "throttling"),
        (said(500), AwsUnreachable, "answered 500"),
        (said(503, b"<html>", HTML), AwsUnreachable, "answered 503, an HTML page"),
        (said(502, b"<html>", HTML), AnswerLost, "answered 502"),
        (said(504), AnswerLost, "answered 504"),
        (said(504, b"", ("x-amzn-ErrorType", "GatewayException")), AwsUnreachable, "answered 504"),
        (said(302), BadAnswer, "redirect"),
        (said(204), BadAnswer, "no sense"),
        (said(418, b"", ("x-amzn-ErrorType", "TeapotException")), BadAnswer, "TeapotException"),
        (said(400, b'{"error":"slow_down"}'), Throttled, "throttling"),
    ],
)
def test_each_error_describes_the_answer_and_has_a_hint(answer, kind, words):
    with pytest.raises(SsoHelperError) as caught:
        parse_answer_record(answer, "the access portal", no_meaning, dict)
    assert type(caught.value) is kind
    assert caught.value.exit_code == 6
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"{", b"\xff", b"9" * 5000])
def test_a_success_without_a_json_object_is_a_bad_answer(body: bytes) -> None:
    with pytest.raises(BadAnswer) as caught:
        parse_answer_record(said(200, body), "the access portal", no_meaning, dict)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("7", 7.0), ("0", 0.0), ("86400", 86400.0), ("", None), ("-1", None), ("1.5", None)),
        *(("soon", None), ("1e9", None), ("999999", None), ("Wed, 21 Oct 2099 07:28:00 GMT", None)),
    ],
)
def test_a_gateways_429_has_its_retry_after(text, seconds):
    answer = said(429, b"", ("Retry-After", text))
    error = error_of_answer(answer, "the access portal", signed_out, None)
    assert isinstance(error, Throttled)
    assert error.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("answer", "said_of_it", "hint"),
    [
        (said(200, b"{}", JSON, ("x-amzn-RequestId", "1")), 'no valid "expiresIn"', LATER),
        (said(200, b"{}", JSON), 'no valid "expiresIn" (', NOT_AWS),
        (said(200, b"<html>", HTML), 'no valid "expiresIn" (', "open any page in a browser"),
    ],
)
def test_an_answer_that_lacks_a_field_is_awss_error_or_a_strangers(answer, said_of_it, hint):
    error = invalid_answer_error(answer, "the portal", Damaged("expiresIn"))
    assert f"the portal gave an answer that makes no sense: {said_of_it}" in error.message
    assert error.message.endswith(")") == (hint != LATER)
    assert error.hint is not None
    assert error.hint.startswith(hint)
