"""Profiles that assume roles on top of an SSO role: which chains there are, and which are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssohelper.core import chains
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.model import RoleKey, decoded_profile_name, encoded_profile_name
from ssohelper.errors import ConfigInvalid

SESSION = (
    "[sso-session corp]\nsso_start_url = https://d-0000000000.awsapps.com/start\n"
    "sso_region = eu-west-1\n"
)
BASE = (
    "[profile base]\nsso_session = corp\nsso_account_id = 001111111111\nsso_role_name = Admin\n"
    "region = eu-west-2\n"
)
ARN = "arn:aws:iam::002222222222:role/team/Deploy"
OTHER = "arn:aws:iam::003333333333:role/Audit"
LINE = (
    "credential_process = /usr/bin/ssohelper-credentials --session corp "
    "--account-id 001111111111 --role-name Admin --chain"
)


def config_of(text: str) -> ConfigFile:
    return ConfigFile.parse((SESSION + BASE + text).encode(), "config")


def chain_of(text: str, name: str = "a") -> chains.Chain | None:
    config = config_of(text)
    entry = config.profile(name)
    assert entry is not None
    return chains.find_chain(config, entry)


def native(name: str, source: str, arn: str = ARN, *more: str) -> str:
    lines = [f"[profile {name}]", f"role_arn = {arn}", f"source_profile = {source}", *more]
    return "\n".join(lines) + "\n"


def own(name: str, *more: str, arn: str = ARN) -> str:
    lines = [f"[profile {name}]", f"{LINE} {name}", f"ssohelper_role_arn = {arn}", *more]
    return "\n".join(lines) + "\n"


def refused(text: str, name: str = "a") -> str:
    with pytest.raises(ConfigInvalid) as error:
        chain_of(text, name)
    return error.value.message


@pytest.mark.parametrize("text", [native("a", "base"), own("a")])
def test_native_and_process_form_describe_the_same_chain(text: str):
    chain = chain_of(text)
    assert chain is not None
    assert chain.target.role == ("001111111111", "Admin", "")
    assert chain.assumed_role == ("002222222222", "Deploy", "")
    assert chain.role == ("001111111111", "Admin", "a")
    key = RoleKey("corp", *chain.role)
    assert chain.key_of_source_role(key) == ("corp", "001111111111", "Admin", "")
    assert chain.keys_of_all_roles(key) == (
        ("corp", "001111111111", "Admin", ""),
        ("corp", "002222222222", "Deploy", ""),
    )
    config = config_of(text)
    assert chains.find_chain_by_key(config, key) == chain
    # To everything that knows no chain, the profile has no role of its own.
    assert config.target(config.profile("a")) is None  # type: ignore[arg-type]


def test_a_chain_on_a_chain_is_assumed_with_that_ones_credentials():
    chain = chain_of(native("b", "base") + own("a", "ssohelper_source_profile = b", arn=OTHER))
    assert chain is not None
    assert [step.role_arn for step in chain.steps] == [ARN, OTHER]
    assert chain.key_of_source_role(RoleKey("corp", *chain.role)).chain == "b"


def test_every_value_changes_the_id():
    texts = [
        native("a", "base"),
        native("a", "base", OTHER),
        native("a", "base", ARN, "external_id = 4711"),
        native("a", "base", ARN, "role_session_name = ana"),
        native("a", "base", ARN, "duration_seconds = 900"),
        native("a", "base", ARN, "region = eu-west-3"),
        native("a", "b") + native("b", "base", OTHER),
    ]
    found = [chain_of(text) for text in texts]
    assert len({chain.id for chain in found if chain}) == len(texts)


def test_the_region_is_that_of_the_nearest_profile():
    config = config_of("")
    session = config.sso_session("corp")
    assert session is not None
    for text, region in [
        (native("a", "base", ARN, "region = eu-west-3"), "eu-west-3"),
        (native("a", "base"), "eu-west-2"),
        (own("a"), "eu-west-1"),
    ]:
        chain = chain_of(text)
        assert chain is not None
        assert chain.region(session) == region


def test_five_roles_are_the_limit():
    five = "".join(native(f"p{n}", f"p{n - 1}" if n > 1 else "base") for n in range(1, 6))
    chain = chain_of(five, "p5")
    assert chain is not None
    assert len(chain.steps) == 5
    message = refused(five + native("a", "p5"))
    assert "more than 5 roles on top of each other" in message
    assert message.startswith("config:")


@pytest.mark.parametrize(
    ("text", "loop"),
    [
        (native("a", "a"), "a -> a"),
        (native("a", "b") + native("b", "a"), "a -> b -> a"),
        (native("a", "b") + native("b", "c") + native("c", "b"), "a -> b -> c -> b"),
        (
            native("a", "b")
            + "[profile b]\ncredential_process = ssohelper credential-process --profile a\n",
            "a -> b -> a",
        ),
        (
            own("a", "ssohelper_source_profile = b") + own("b", "ssohelper_source_profile = a"),
            "a -> b -> a",
        ),
    ],
)
def test_a_loop_is_refused_with_the_chain(text: str, loop: str):
    assert f"refer to each other in a loop: {loop}" in refused(text)


@pytest.mark.parametrize("text", [native("a", "a"), own("a", "ssohelper_source_profile = a")])
def test_a_loop_is_refused_with_the_line_that_closes_it(text: str):
    lines = (SESSION + BASE + text).splitlines()
    [line] = [number for number, one in enumerate(lines, 1) if "source_profile" in one]
    assert refused(text).startswith(f"config:{line}: ")


def test_another_programs_command_with_the_option_is_no_chain():
    assert chain_of("[profile a]\ncredential_process = other --chain a\n") is None


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("duration_seconds = 3601", "STS takes 900 to 3600"),
        ("duration_seconds = 899", "STS takes 900 to 3600"),
        ("duration_seconds = 1h", "is not a number of seconds"),
        ("external_id = a b", "external_id: STS takes"),
        ("role_session_name = x", "role_session_name: STS takes"),
        ("mfa_serial = arn:aws:iam::001111111111:mfa/ana", "is a device of an IAM user"),
        ("credential_source = Environment", "exclude each other"),
    ],
)
def test_what_sts_would_refuse_is_refused_with_its_line(line: str, what: str):
    message = refused(native("a", "base", ARN, line))
    assert what in message
    assert message.startswith("config:12:")


@pytest.mark.parametrize("arn", ["Deploy", "arn:aws:iam::22:role/x", "arn:aws:sts::002222222222:x"])
def test_a_role_arn_that_is_none_is_refused(arn: str):
    assert "is not the ARN of a role" in refused(native("a", "base", arn))


def test_a_command_that_names_another_role_or_profile_is_refused():
    other = BASE.replace("base", "other").replace("Admin", "Reader")
    text = other + native("b", "other") + own("a", "ssohelper_source_profile = b")
    assert "names another role" in refused(text)
    assert 'is in the command of another profile, "a"' in refused(
        own("b").replace("[profile b]", "[profile a]")
    )


@pytest.mark.parametrize(
    "text",
    [
        "[profile a]\nregion = eu-west-1\n",
        BASE.replace("base", "a"),
        "[profile a]\nrole_arn = " + ARN + "\nweb_identity_token_file = /t\n",
        "[profile a]\nrole_arn = " + ARN + "\ncredential_source = Environment\n",
        native("a", "keys") + "[profile keys]\naws_access_key_id = AKIA\n",
        native("a", "a", ARN, "aws_access_key_id = AKIA", "aws_secret_access_key = x"),
        native("a", "gone"),
        native("a", "proc") + "[profile proc]\ncredential_process = /bin/other\n",
    ],
)
def test_a_profile_that_leads_to_no_sso_role_is_no_chain(text: str):
    assert chain_of(text) is None


def test_mfa_and_long_durations_are_fine_above_static_keys():
    text = native("a", "keys", ARN, "mfa_serial = x", "duration_seconds = 43200")
    assert chain_of(text + "[profile keys]\naws_access_key_id = AKIA\n") is None


def test_a_key_for_another_role_or_session_finds_no_chain():
    config = config_of(native("a", "base"))
    for key in (
        RoleKey("corp", "001111111111", "Reader", "a"),
        RoleKey("other", "001111111111", "Admin", "a"),
        RoleKey("corp", "001111111111", "Admin", "gone"),
        RoleKey("corp", "001111111111", "Admin", "base"),
    ):
        with pytest.raises(ConfigInvalid):
            chains.find_chain_by_key(config, key)


@given(st.text(min_size=1, max_size=40))
def test_any_name_comes_back_from_a_path(name: str):
    chain = encoded_profile_name(name)
    assert decoded_profile_name(chain) == name
    assert "/" not in chain
    assert not chain.startswith(".")
    assert "~" not in chain


def test_a_wrong_region_of_a_chain_is_told_as_that_of_any_profile():
    text = native("a", "base", ARN, "region = no region!")
    line = len((SESSION + BASE).splitlines()) + 4
    assert refused(text).startswith(f'config:{line}: the region "no region!" of profile "a"')


def test_a_source_is_named_by_the_keys_of_both_forms() -> None:
    found = chains.list_source_names(
        config_of(
            native("one", "base")
            + "[profile ours]\nssohelper_source_profile = two\n"
            # AWS tools assume no role here, but the key names the profile "one".
            + "[profile idle]\nsource_profile = one\n"
        )
    )
    assert found == [("base", "one"), ("two", "ours"), ("one", "idle")]
