"""Requests and answers as values, and the three formats in which AWS's services refuse."""

import json

import pytest

from ssohelper.emulator.exchange import (
    Refusal,
    Request,
    json_answer,
    make_request,
    oidc_error,
    parse_form_fields,
    portal_error,
    sts_refusal,
)


def request(body: bytes) -> Request:
    return make_request("POST", "/token", "a=1&a=2&b=", {"X-Amz-Date": "now"}, body)


def test_a_request_has_its_first_value_of_each_field_and_headers_in_lower_case():
    made = request(b"c=3&c=4&d=%C3%A9+%26")
    assert made.query == {"a": "1", "b": ""}
    assert made.form() == {"c": "3", "d": "é &"}
    assert made.headers == {"x-amz-date": "now"}


def test_a_form_with_very_many_fields_is_refused():
    assert len(parse_form_fields("&".join(f"f{n}=1" for n in range(1000)))) == 1000
    with pytest.raises(ValueError, match="fields"):
        parse_form_fields("&".join(f"f{n}=1" for n in range(1001)))


@pytest.mark.parametrize("body", [b"[]", b"1", b"{", b"\xff"])
def test_a_body_that_is_no_json_object_is_an_invalid_request(body):
    with pytest.raises(Refusal) as caught:
        request(body).json_object()
    assert caught.value.answer.status == 400
    assert json.loads(caught.value.answer.body)["error"] == "invalid_request"


def test_an_empty_body_is_an_empty_object():
    assert request(b"").json_object() == {}
    assert request(b'{"a": 1}').json_object() == {"a": 1}


@pytest.mark.parametrize(
    ("name", "status", "word"),
    [
        ("SlowDownException", 400, "slow_down"),
        ("InvalidClientException", 401, "invalid_client"),
        ("InternalServerException", 500, "server_error"),
    ],
)
def test_an_error_of_oidc_has_its_status_its_word_and_its_name_in_a_header(name, status, word):
    answer = oidc_error(name, "why").answer
    body = json.loads(answer.body)
    assert (answer.status, body["error"], body["error_description"]) == (status, word, "why")
    assert dict(answer.headers)["x-amzn-ErrorType"].startswith(f"{name}:")
    assert json.loads(oidc_error(name).answer.body)["error_description"] == word.replace("_", " ")


@pytest.mark.parametrize(
    ("name", "status"), [("ForbiddenException", 403), ("TooManyRequestsException", 429)]
)
def test_an_error_of_the_portal_has_its_status_and_its_message(name, status):
    answer = portal_error(name, "why").answer
    assert (answer.status, json.loads(answer.body)["message"]) == (status, "why")
    assert json.loads(answer.body)["__type"].endswith(f"#{name}")
    assert dict(answer.headers)["x-amzn-ErrorType"].startswith(f"{name}:")


def test_an_error_of_sts_is_xml_in_which_no_message_adds_an_element():
    answer = sts_refusal(403, "AccessDenied", "<Code>Other</Code> & more")
    text = answer.body.decode()
    assert text.count("<Code>") == 1
    assert "&lt;Code&gt;Other&lt;/Code&gt; &amp; more" in text


def test_text_that_is_not_ascii_is_sent_as_utf_8_even_a_lone_surrogate():
    value = {"name": "é\ud800"}
    answer = json_answer(value)
    assert json.loads(answer.body.decode("utf-8", "surrogatepass")) == value
    assert "é".encode() in answer.body
    assert dict(answer.headers)["Content-Type"] == "application/json"
