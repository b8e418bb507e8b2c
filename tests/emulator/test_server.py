import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ssohelper.emulator.exchange import json_answer, make_request, parse_form_fields, sts_error
from tests.emulator.conftest import PAYMENTS_PROD, fetch, portal


def at_once(times, ask):
    """Call `ask` in so many threads at the same moment; return what they return."""
    gate = threading.Barrier(times)

    def run(_):
        gate.wait(60)
        return ask()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def test_many_simultaneous_requests_are_all_answered(emu):
    token = emu.issue_token("ana")["accessToken"]
    path = f"/federation/credentials?account_id={PAYMENTS_PROD}&role_name=ReadOnlyAccess"
    answers = at_once(100, lambda: portal(emu, token, path, timeout=60).json())
    assert len({answer["roleCredentials"]["accessKeyId"] for answer in answers}) == 100
    assert emu.counters["GetRoleCredentials"] == 100


def test_strict_rotation_accepts_one_of_many_refreshes(emu):
    emu.faults.set(rotation="strict")
    token = emu.issue_token("ana")
    asked = {name: token[name] for name in ("clientId", "clientSecret", "refreshToken")}
    asked["grantType"] = "refresh_token"
    answers = at_once(20, lambda: fetch(emu, "POST", "/token", asked, timeout=60))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 19


def test_the_environment_directs_every_service_to_the_emulator(emu):
    assert "EMULATOR" in fetch(emu, "GET", "/assignment/accounts").headers["server"]
    environment = emu.environment()
    for service in ("SSO", "SSO_OIDC", "SSOOIDC", "STS", "IAM", "SIGNIN"):
        assert environment[f"AWS_ENDPOINT_URL_{service}"] == emu.url
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"


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
