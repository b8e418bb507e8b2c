"""Which role an endpoint serves to a shell, by the shell's variables."""

import pytest

from ssohelper.core import served_role

ENDPOINT = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/"}
ROLE = {served_role.VARIABLE: "corp:000000000001/Reader"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({**ENDPOINT, **ROLE}, "corp:000000000001/Reader"),
        ({**ENDPOINT, **ROLE, "AWS_PROFILE": ""}, "corp:000000000001/Reader"),
        ({**ENDPOINT, **ROLE, "AWS_PROFILE": "other"}, None),
        ({**ENDPOINT, **ROLE, "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE"}, None),
        (ROLE, None),
        (ENDPOINT, None),
        ({**ENDPOINT, served_role.VARIABLE: ""}, None),
    ],
)
def test_the_served_role_is_the_one_whose_credentials_sdks_get(environ, expected):
    assert served_role.find_served_role(environ) == expected
