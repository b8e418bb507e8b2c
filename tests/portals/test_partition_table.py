"""Each row of the partition table, run against the hosts of AWS that the emulator plays."""

import pytest

from tests.cli.test_profile_commands_sync import ok
from tests.cli.test_setup_command import session_keys
from tests.long_rows import long_after
from tests.portals.conftest import FIPS_ROW, PLAIN_ROWS, ROWS, Row, hosts_of, put_portal_at
from tests.two_regions import INSTANCE

PROFILE = "payments-prod.ReadOnlyAccess"


# `make test` runs these: each way, and each partition.
_FIRST = [(ROWS[0], "browser"), *((row, "device code") for row in ROWS[len(PLAIN_ROWS) :])]
_PAIRS = [(row, way) for row in ROWS for way in ("browser", "device code")]


@pytest.mark.parametrize(
    ("row", "way"),
    long_after(2, _FIRST + [pair for pair in _PAIRS if pair not in _FIRST]),
)
def test_sign_in_listing_and_credentials(run, home, aws, row, way):
    """From the start URL to credentials that STS and the console's federation accept."""
    put_portal_at(aws, row)
    opened = home.browser()
    more = ["--device-code"] if way == "device code" else []
    setup = ("setup", row.start_url, "--session", "corp", "--region", row.region, "--yes")
    said = ok(run(*setup, "--role", "ReadOnlyAccess", *more))
    # STS is asked for the user's name, if it answers soon enough.
    assert hosts_of(aws) - {row.sts} == {row.oidc, row.portal}
    assert opened.exists()
    if way == "device code":
        # The code's page is on the portal that belongs to the host that was asked.
        page = said.partition("on any machine:\n")[2].split()[0]
        assert page.split("/")[2].endswith(_page_suffix(row))
        pages = [v for v in aws.internet.visits() if v.path == "/device"]
        assert all(visit.host == page.split("/")[2] for visit in pages)

    keys = session_keys(home, "corp")
    assert (keys["sso_start_url"], keys["sso_region"]) == (row.start_url, row.region)
    assert run.data("whoami", PROFILE)["arn"].split(":")[1] == _partition_of(row)
    assert hosts_of(aws) == {row.oidc, row.portal, row.sts}


@pytest.mark.parametrize("row", long_after(1, ROWS))
def test_the_console_is_the_partitions(run, home, aws, row):
    put_portal_at(aws, row)
    run(*("setup", row.start_url, "--session", "corp", "--region", row.region, "--yes"))
    ok(run("console", PROFILE))
    assert row.sign_in in hosts_of(aws)


def test_a_refresh_and_a_sign_out_ask_the_same_hosts(run, home, aws):
    row = next(row for row in ROWS if row.start_url.endswith(".app.aws"))
    put_portal_at(aws, row)
    home.add_session("corp", start_url=row.start_url, region=row.region)
    aws.faults.token_seconds = 60
    assert run("login", "corp").returncode == 0
    aws.faults.token_seconds = 3600
    assert run("login", "corp", "--min", "30m").returncode == 0
    assert aws.counters["CreateToken.refresh_token"] == 1
    assert run("logout", "corp").returncode == 0
    assert hosts_of(aws) <= {row.oidc, row.portal, row.sts}
    assert aws.counters["Logout"] == 1


_FIPS_BY_DEFAULT = "[default]\nuse_fips_endpoint = true\n"


@pytest.mark.parametrize(
    ("command", "config", "is_fips"),
    long_after(
        3,
        [
            (("config", "set", "sessions.corp.fips", "true"), "", True),
            ((), _FIPS_BY_DEFAULT, True),
            # The keys of another profile are for SDKs.
            ((), "[profile x]\nuse_fips_endpoint = true\n", False),
            (("config", "set", "sessions.corp.fips", "false"), _FIPS_BY_DEFAULT, False),
            ((), "", False),
        ],
    ),
)
def test_settings_and_the_default_profile_choose_the_host_variant(
    run, home, aws, command, config, is_fips
):
    row, plain = FIPS_ROW, ROWS[0]
    put_portal_at(aws, row)
    home.write_config(config)
    home.add_session("corp", start_url=row.start_url, region=row.region)
    if command:
        assert run(*command).returncode == 0
    assert run("login", "corp").returncode == 0
    expected = row if is_fips else plain
    assert hosts_of(aws) - {expected.sts} == {expected.oidc, expected.portal}


def test_another_word_than_true_is_exit_3_and_asks_no_host(run, home, aws):
    home.add_session("corp", region="eu-west-1")
    done = run("login", "corp", env={"AWS_USE_FIPS_ENDPOINT": "1"})
    assert done.returncode == 3
    assert 'AWS_USE_FIPS_ENDPOINT must be true or false, not "1"' in done.stderr
    assert hosts_of(aws) == set()


def _page_suffix(row: Row) -> str:
    suffix = row.oidc.partition(f".{row.region}.")[2]
    return row.start_url.partition(INSTANCE)[2] or f".{row.region}.portal.{suffix}"


def _partition_of(row: Row) -> str:
    names = {"us-gov": "aws-us-gov", "cn-nor": "aws-cn", "eusc-d": "aws-eusc"}
    return names.get(row.region[:6], "aws")


@pytest.mark.parametrize("form", ["sso", "process"])
def test_the_keys_of_a_profile_count_where_it_is_a_native_one(run, home, aws, form):
    row, fips = ROWS[0], FIPS_ROW
    put_portal_at(aws, row)
    setup = ("setup", row.start_url, "--session", "corp", "--region", row.region, "--yes")
    run(*setup, "--role", "ReadOnlyAccess", "--form", form)
    header = f"[profile {PROFILE}]\n"
    config = home.config_file.read_text()
    home.write_config(config.replace(header, f"{header}use_fips_endpoint = true\n"))
    done = run("exec", PROFILE, "--", "printenv", "AWS_USE_FIPS_ENDPOINT")
    assert done.stdout == ("true\n" if form == "sso" else "")
    asked = fips.portal if form == "sso" else row.portal
    issued = [v.host for v in aws.internet.visits() if v.path == "/federation/credentials"]
    assert issued[-1] == asked
