"""Requests and answers as values; how AWS's services refuse is tested by operation."""

import json

import pytest

from ssohelper.emulator.exchange import json_answer, make_request, parse_form_fields, sts_error


def test_a_request_has_its_first_value_of_each_field_and_headers_in_lower_case():
    headers = {"X-Amz-Date": "now"}
    made = make_request("POST", "/token", "a=1&a=2&b=", headers, b"c=3&c=4&d=%C3%A9+%26")
    assert made.query == {"a": "1", "b": ""}
    assert made.form() == {"c": "3", "d": "é &"}
    assert made.headers == {"x-amz-date": "now"}


def test_a_form_with_very_many_fields_is_refused():
    assert len(parse_form_fields("&".join(f"f{n}=1" for n in range(1000)))) == 1000
    with pytest.raises(ValueError, match="fields"):
        parse_form_fields("&".join(f"f{n}=1" for n in range(1001)))


def test_an_error_of_sts_is_xml_in_which_no_message_adds_an_element():
    text = sts_error(403, "AccessDenied", "<Code>Other</Code> & more").answer.body.decode()
    assert text.count("<Code>") == 1
    assert "&lt;Code&gt;Other&lt;/Code&gt; &amp; more" in text


def test_text_that_is_not_ascii_is_sent_as_utf_8_even_a_lone_surrogate():
    value = {"name": "é\ud800"}
    answer = json_answer(value)
    assert json.loads(answer.body.decode("utf-8", "surrogatepass")) == value
    assert "é".encode() in answer.body
    assert dict(answer.headers)["Content-Type"] == "application/json"
