"""Which server issued a token, and to which servers it may be sent."""

import pytest

from ssohelper.core import issuer
from ssohelper.core.model import AccessToken, ClientRegistration, Secret, SignInFacts, SsoSession
from ssohelper.errors import ConfigInvalid

HERE, AWS = "http://127.0.0.1:4567", "https://portal.sso.eu-west-1.amazonaws.com"
CHINA = "https://portal.sso.cn-north-1.amazonaws.com.cn"
SESSION = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "eu-west-1", ())
TOKEN = AccessToken(Secret("first"), 2**31, None, None)
CLIENT = ClientRegistration("id", Secret("secret"), 2**31)


@pytest.mark.parametrize(
    ("service_url", "issued_by"),
    [
        (HERE, "loopback"),
        ("https://localhost:1/x", "loopback"),
        ("http://[::1]:80", "loopback"),
        (AWS, "aws/eu-west-1"),
        ("https://oidc.us-gov-west-1.amazonaws.com", "aws-us-gov/us-gov-west-1"),
        ("https://oidc.ap-south-2.api.aws", "aws/ap-south-2"),
        (CHINA, "aws-cn/cn-north-1"),
        ("https://vpce-0a.portal.sso.us-east-1.vpce.amazonaws.com", "aws/us-east-1"),
    ],
)
def test_an_issuer_is_recorded_by_partition_and_region(service_url, issued_by):
    assert issuer.issuer_of_service_url(service_url, "eu-west-1") == issued_by
    assert issuer.FORM.fullmatch(issued_by)


@pytest.mark.parametrize(
    ("issued_by", "service_url", "said", "hint"),
    [
        ("aws/eu-west-1", HERE, "to a server on this machine", "unset AWS_ENDPOINT_URL_SSO"),
        ("aws-cn/cn-north-1", HERE, "to a server on this machine", "unset AWS_ENDPOINT_URL_SSO"),
        ("aws/eu-west-1", CHINA, "to another partition of AWS", "unset AWS_ENDPOINT_URL_SSO"),
        ("loopback", AWS, "is not sent to AWS", "sign in with: ssohelper login corp --force"),
    ],
)
def test_a_token_is_not_sent_to_another_issuer(issued_by, service_url, said, hint):
    assert not issuer.may_send_secret(issued_by, service_url, SESSION.region)
    with pytest.raises(ConfigInvalid) as caught:
        issuer.check_secret_destination(issued_by, "portal", service_url, SESSION)
    assert caught.value.exit_code == 3
    assert said in str(caught.value)
    assert caught.value.hint == hint


def test_a_token_may_be_sent_to_its_issuer_and_another_tools_anywhere():
    for issued_by, service_url in (
        ("loopback", HERE),
        ("loopback", "https://localhost:9"),
        ("aws/eu-west-1", AWS),
        # The portal may be replicated to another region, whose hosts take the same token.
        ("aws/us-east-1", AWS),
        (None, AWS),
        (None, HERE),
    ):
        assert issuer.may_send_secret(issued_by, service_url, SESSION.region)
        issuer.check_secret_destination(issued_by, "portal", service_url, SESSION)


def test_a_recorded_issuer_counts_only_for_its_sign_in_or_its_client():
    facts = SignInFacts(token_ids=("other", TOKEN.id), issuer="loopback")
    assert issuer.token_issuer(TOKEN, facts) == "loopback"
    assert issuer.token_issuer(TOKEN._replace(value=Secret("second")), facts) is None
    assert issuer.token_issuer(TOKEN, facts._replace(issuer=None)) is None
    facts = SignInFacts(client=issuer.client_hash(CLIENT), client_issuer="aws/eu-west-1")
    assert issuer.client_issuer(CLIENT, facts) == "aws/eu-west-1"
    assert issuer.client_issuer(CLIENT._replace(client_id="theirs"), facts) is None
    assert issuer.client_issuer(CLIENT, SignInFacts()) is None
