"""When the block that aws-sso-cli wrote again is taken out, and when it is left."""

import pytest

from ssohelper.core.adoption import find_returned_block
from tests.core.test_profile_plan import PAY, SESSION, process

BEGIN, END = "# BEGIN_AWS_SSO_CLI\n", "# END_AWS_SSO_CLI\n"
ADOPTED = SESSION + process("a", PAY, "Read")
THEIRS = f"[profile a]\ncredential_process = aws-sso process --arn arn:aws:iam::{PAY}:role/Read\n"


def rest_of(text: str) -> str | None:
    found = find_returned_block(text.encode(), "config")
    return None if found is None else found.rest.decode()


def test_a_block_of_adopted_profiles_is_taken_out():
    assert rest_of(f"{ADOPTED}{BEGIN}{THEIRS}{END}# mine\n") == f"{ADOPTED}# mine\n"


@pytest.mark.parametrize(
    "text",
    [
        f"{ADOPTED}{END}{THEIRS}{BEGIN}",
        f"{ADOPTED}{BEGIN}{THEIRS}",
        f"{ADOPTED}{BEGIN}{THEIRS}{END}{BEGIN}{END}",
        f"{ADOPTED}{BEGIN}{END}",
        f"{ADOPTED}{BEGIN}{THEIRS.replace('Read', 'Admin')}{END}",
        f"{ADOPTED}{BEGIN}{THEIRS.replace('profile a', 'profile b')}{END}",
        f"{ADOPTED}{BEGIN}[DEFAULT]\nregion = x\n{THEIRS}{END}",
        f"{ADOPTED}{BEGIN}{THEIRS}[profile b]\nregion = eu-west-1\n{END}",
        f"{SESSION}{BEGIN}{THEIRS}{END}",
    ],
)
def test_any_other_block_is_left(text):
    assert rest_of(text) is None
