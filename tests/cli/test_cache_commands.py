"""The cache commands, -v and crash reports."""

import json
import os
import time

import pytest

from ssohelper.actions.cache_contents import CachedItem
from ssohelper.app import App
from ssohelper.cli import cache_commands
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import (
    AccessToken,
    Account,
    CachedCredentials,
    ClientRegistration,
    RoleCredentials,
    RoleKey,
    Secret,
    SignInFacts,
    SsoSession,
)

KEY_ID = "ASIACNRYKEYID0000000"
URL = "https://d-0000000000.awsapps.com/start"
SESSION = SsoSession("corp", URL, "us-east-1", ("sso:account:access",))


def make_token(now: int) -> AccessToken:
    client = ClientRegistration("c", Secret("CNRY-CS-1"), now + 9000)
    return AccessToken(Secret("CNRY-AT-1"), now + 3600, Secret("CNRY-RT-1"), client)


@pytest.fixture
def kept(home) -> App:
    """A token, a role's credentials and a listing of the session "corp", and of "other"."""
    now = int(time.time())
    app = App(home.env)
    for name in ("corp", "other"):
        home.add_session(name)
        session = SESSION._replace(name=name)
        app.tokens.save(session, make_token(now))
        keys = RoleCredentials(KEY_ID, Secret("CNRYSAK"), Secret("CNRY-ST"), now + 60)
        key = RoleKey(name, "001234567890", "Admin")
        app.vault.save(key, session, CachedCredentials(keys, now - 3540))
        permit = app.vault.permit_publishing(key)
        assert permit is not None
        app.vault.publish(permit, b'{"Version":1,"x":"CNRY"}\n', now + 30, now)
        account = ListedAccount(Account("001234567890", "prod", ""), ("Admin",), False, True)
        app.directory.save(name, Listing(URL, "us-east-1", now, (account,)))
    return app


class TestCache:
    def test_the_list_has_path_and_expiry_and_no_secret(self, run, kept):
        found = run.ok("cache", "list", "--json")
        rows = json.loads(found.stdout)["data"]
        assert {(row["kind"], row["session"]) for row in rows} == {
            (kind, name)
            for kind in ("sign_in", "role_credentials", "listing")
            for name in ("corp", "other")
        }
        assert all(os.path.exists(row["path"]) for row in rows)
        (role,) = (r for r in rows if (r["kind"], r["session"]) == ("role_credentials", "corp"))
        assert (role["account_id"], role["role_name"]) == ("001234567890", "Admin")
        assert role["expires_at"].endswith("Z")
        said = found.stdout + run("cache", "list").stdout + run("-vv", "cache", "list").stderr
        assert "CNRY" not in said

    def test_a_row_says_what_is_saved_and_how_long_it_lasts(self, run, kept):
        expires_at = kept.clock.now() + 11 * 3600 + 1800
        keys = RoleCredentials(KEY_ID, Secret("s"), Secret("t"), expires_at)
        key = RoleKey("corp", "001234567890", "Admin")
        kept.vault.save(key, SESSION, CachedCredentials(keys, kept.clock.now()))
        lines = run("cache", "list", "--session", "corp").stdout.splitlines()
        rows = {line.partition("\t")[0]: line.split("\t") for line in lines}
        assert set(rows) == {"listing", "role credentials", "sign-in"}
        assert all(row[1] == "corp" and os.path.exists(row[4]) for row in rows.values())
        assert rows["role credentials"][3].startswith("11h")
        assert rows["sign-in"][3] == "-"

    def test_no_two_rows_are_equal_without_their_paths(self, run, kept):
        token = make_token(int(time.time()))
        for session in (SESSION, SESSION._replace(region="eu-west-1", is_further=True)):
            kept.tokens.save(session, token)
            kept.tokens.save_registration(session, token.client)
        kept.tokens.save_facts("corp", SignInFacts(token_ids=(token.id,)))
        lines = run("cache", "list", "--session", "corp").stdout.splitlines()
        assert [line.split("\t")[2] for line in lines if line.startswith("sign-in\t")] == [
            *("token", "client registration", "times and user of the sign-in"),
            *("token in eu-west-1", "client registration in eu-west-1"),
        ]

    def test_clearing_one_session_keeps_the_other_and_every_sign_in(self, run, kept):
        found = run("cache", "clear", "--session", "corp", "--yes", "--json")
        assert json.loads(found.stdout)["data"] == {"removed": 3}
        rows = run.data("cache", "list")
        left = {(row["kind"], row["session"]) for row in rows}
        others = {(kind, "other") for kind in ("sign_in", "role_credentials", "listing")}
        assert left == {("sign_in", "corp"), *others}
        assert not os.path.exists(kept.locations.runtime_folder / "credentials" / "corp")

    def test_clearing_all_leaves_no_role_credentials(self, run, kept):
        before = run("cache", "list").stdout
        found = run("cache", "clear")
        assert found.returncode == 2
        assert "--yes" in found.stderr
        assert run("cache", "list").stdout.count("\n") == before.count("\n")
        assert run("cache", "clear", "--yes").returncode == 0
        assert run("cache", "clear", "--yes").returncode == 0
        left = [path for path in kept.locations.runtime_folder.rglob("*") if path.is_file()]
        assert [path for path in left if b"CNRY" in path.read_bytes()] == []
        assert kept.tokens.load(SESSION)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, "-"), (90, "1m"), (1, "1s"), (0, "expired"), (-90, "expired")]
)
def test_an_item_has_expired_from_its_last_second_on(seconds, shown):
    expires_at = None if seconds is None else 1000 + seconds
    item = CachedItem("listing", "corp", "", "/x", expires_at)
    cell = cache_commands._time_left_cell(item, 1000)
    assert (cell if isinstance(cell, str) else cell.text) == shown
