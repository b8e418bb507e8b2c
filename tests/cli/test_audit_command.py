"""`audit` as the real program: which commands leave lines, and how they are shown and checked."""

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest

from ssohelper.actions import audit
from ssohelper.app import App
from ssohelper.core import journal
from ssohelper.core.journal import Entry
from ssohelper.core.model import RoleKey
from tests.conftest import SCRIPT
from tests.programs import run_program
from tests.saved_listing import PAY, add_listed_session

KEY = RoleKey("corp", PAY, "Admin")
KEY_ID = "ASIAEXAMPLE000000001"
# 2026-11-20 10:00:00 UTC.
THEN = 1_795_168_800

Add = Callable[..., None]
Rows = Callable[..., list[dict[str, Any]]]


def issued(**more: Any) -> Entry:
    fields = {"until": THEN + 3600, "access_key_id": KEY_ID, "parent": "aws", "terminal": "pts/3"}
    return journal.make_entry("issue", KEY, **{**fields, **more})


@pytest.fixture
def add(home) -> Add:
    """Return a function that adds entries to the journal of `home`, dated 2026-11-20 and later."""

    def append(*entries: Entry, at: int = THEN) -> None:
        for number, entry in enumerate(entries):
            App(home.env, clock=lambda now=at + number: now).journal.append(entry)

    return append


@pytest.fixture
def file(home) -> Path:
    return App(home.env).locations.state_folder / "audit.jsonl"


@pytest.fixture
def rows(run) -> Rows:
    def read(*argv: str) -> list[dict[str, Any]]:
        done = run.ok("audit", "--json", *argv)
        found = json.loads(done.stdout)
        assert found["warnings"] == []
        return list(found["data"])

    return read


class TestCommandsThatLeaveALine:
    def test_sign_ins_config_writes_and_sign_outs(self, run, rows, home, emulator, file):
        home.browser()
        start = emulator.world.start_url
        # "profile sync" and the second "config set" change nothing, so they leave no line.
        commands = f"""setup {start} --region us-east-1 --session corp --yes
            profile sync --yes
            profile rm payments-dev.ReadOnlyAccess --yes
            profile undo --yes
            profile rm payments-dev.ReadOnlyAccess --yes
            profile add payments-dev/ReadOnlyAccess --yes
            config set form sso
            config set form sso
            config set form process
            config set form --default
            login corp --force --device-code
            logout corp"""
        for command in commands.splitlines():
            run.ok(*command.split())
        told = [
            (row["event"], row["session"], row["user"], row["how"])
            for row in rows()
            if row["event"] not in ("config-write", "issue")
        ]
        assert told == [
            ("sign-in", "corp", "ana", "browser"),
            ("sign-in", "corp", "ana", "device-code"),
            ("sign-out", "corp", "ana", "revoked"),
        ]
        config, own = str(home.config_file), str(App(home.env).locations.settings_file)
        written = [
            (row["command"], row["file"], row["added"], row["changed"], row["removed"])
            for row in rows("--event", "config-write")
        ]
        count = written[0][2]
        assert count > 3
        assert written == [
            ("setup", config, count, 0, 0),
            ("profile rm", config, 0, 0, 1),
            ("undo", config, 1, 0, 0),
            ("profile rm", config, 0, 0, 1),
            ("profile add", config, 1, 0, 0),
            ("config set", own, 1, 0, 0),
            ("config set", own, 0, 1, 0),
            ("config set", own, 0, 0, 1),
        ]
        assert "CNRY" in emulator.issue_token("ana")["accessToken"]
        assert "CNRY" not in file.read_text()

    def test_a_sign_out_that_aws_does_not_hear_of_is_local(self, run, rows, home, emulator):
        home.add_session("corp", emulator.world.start_url, emulator.world.region)
        home.write_token(emulator.issue_token("ana"))
        emulator.stop()
        assert run("logout", "corp").returncode == 6
        # No sign-in is left to end, so no line is written.
        assert run("logout", "corp").returncode == 0
        assert [(row["event"], row["how"]) for row in rows()] == [("sign-out", "local")]

    def test_a_journal_that_takes_no_line_is_a_warning(self, run, home, file):
        file.parent.mkdir(parents=True, mode=0o700)
        file.symlink_to(home.path / "elsewhere")
        done = run("config", "set", "form", "sso")
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr.count("\n") == 1
        assert done.stderr.startswith("ssohelper: warning: the journal took no new line")
        assert f'"{file}" is a link: not touched' in done.stderr
        assert not (home.path / "elsewhere").exists()
        assert run("audit").returncode == 7


class TestFilters:
    def test_since_is_a_duration_or_a_local_date(self, run, add):
        add(issued(others=1), at=THEN)
        add(issued(others=2), at=THEN + 86400)
        add(issued(others=3), at=int(time.time()) - 3000)

        def others(*argv: str) -> list[int]:
            done = run.ok("audit", "--json", *argv, env={"TZ": "Asia/Tokyo"})
            return [row["others"] for row in json.loads(done.stdout)["data"]]

        assert others() == [1, 2, 3]
        assert others("--since", "1h") == [3]
        assert others("--since", "40m") == []
        # Dates are local: 10:00 UTC is 19:00 in Tokyo.
        assert others("--since", "2026-11-20T19:00:00") == [1, 2, 3]
        assert others("--since", "2026-11-20T19:00:01") == [2, 3]
        assert others("--since", "2026-11-21") == [2, 3]
        assert others("--since", "2026-11-20T10:00:01+00:00") == [2, 3]
        done = run("audit", "--since", "last\x1bweek")
        assert done.returncode == 2
        assert '"last\\x1bweek" is no duration (2d, 90m) and no date' in done.stderr

    def test_role_is_a_name_or_account_and_name(self, home, add, rows):
        add_listed_session(home)
        for number, key in enumerate(
            [KEY, KEY._replace(role_name="ReadOnly"), KEY._replace(account_id="999999999999")]
        ):
            add(journal.make_entry("release", key, reason=str(number)))
        add(journal.make_entry("sign-in", session="corp", how="browser", user="ana"))

        def found(pattern: str) -> str:
            return "".join(row["reason"] for row in rows("--role", pattern))

        assert found("admin") == "02"
        assert found("Read*") == "1"
        assert found("*") == "012"
        assert found("PAY/*") == "01"
        assert found(f"corp:{PAY}/Admin") == "0"
        assert found("other:*/Admin") == ""

    @pytest.mark.parametrize("role", ["", None, 3])
    def test_a_line_of_another_program_without_a_role_s_name_has_no_role(
        self, home, add, file, role
    ):
        add(issued())
        file.write_text(json.dumps({**json.loads(file.read_bytes()), "role": role}) + "\n")
        for pattern, keys in ((None, [None]), ("*", []), ("*/*", [])):
            found = audit.read_journal(App(home.env), role=pattern)
            assert [row.key for row in found] == keys

    def test_event_and_session(self, run, add, rows, file):
        done = run("audit")
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == "no line of the journal matches\n"
        assert not file.parent.exists()
        add(journal.make_entry("sign-in", session="corp", how="browser", user="ana"))
        add(journal.make_entry("sign-in", session="lab", how="browser", user="bob"), issued())
        assert [row["user"] for row in rows("--event", "sign-in")] == ["ana", "bob"]
        assert len(rows("--event", "sign-in", "--event", "issue")) == 3
        assert [row["event"] for row in rows("--session", "corp")] == ["sign-in", "issue"]
        assert run("audit", "--event", "argv").returncode == 2


class TestShown:
    def test_rows_off_a_terminal_are_tab_separated_with_times_in_utc(self, run, add, file):
        add(
            issued(background=True, others=2),
            journal.make_entry("refused", KEY, way="exec", rule="*/Admin", reason="INC-4711"),
            journal.make_entry("sign-in", session="corp", how="browser", user="ana"),
        )
        with file.open("ab") as end:
            end.write(b"{torn")
        done = run("audit", env={"TZ": "Asia/Tokyo"})
        warning = "ssohelper: warning: damaged lines in the journal, which are left out: 1\n"
        assert (done.returncode, done.stderr) == (0, warning)
        assert done.stdout.splitlines() == [
            "2026-11-20T10:00:00.000Z\tissue\tcorp:001234567890/Admin\t2026-11-20T11:00:00Z\t"
            f"{KEY_ID}\taws\tpts/3\tin the background, for 2 more callers",
            "2026-11-20T10:00:01.000Z\trefused\tcorp:001234567890/Admin\t\t\t\t\t"
            "INC-4711, way=exec, rule=*/Admin",
            "2026-11-20T10:00:02.000Z\tsign-in\tcorp\t\t\t\t\tuser=ana, how=browser",
        ]

    def test_a_terminal_gets_a_table_with_local_times_and_the_accounts_name(self, home, add):
        add_listed_session(home)
        add(issued())
        environ = {**home.env, "TZ": "Asia/Tokyo"}
        shown = pexpect.run(
            f"{SCRIPT} audit",
            env=environ,
            cwd=str(home.path),
            timeout=60,
            dimensions=(24, 200),  # type: ignore[call-arg]
        )
        header, line = shown.decode().splitlines()
        names = "TIME EVENT ROLE UNTIL KEY ID PARENT TERMINAL DETAILS"
        assert header.split() == names.split()
        assert line.startswith("2026-11-20 19:00:00  issue ")
        assert "corp:pay/Admin" in line
        assert "2026-11-20 20:00:00" in line

    @pytest.mark.parametrize("on_terminal", [True, False])
    def test_what_another_program_wrote_is_shown_escaped(self, run, home, add, file, on_terminal):
        add(issued())
        hostile = "\x1b]0;pwned\x07\u202e\r\n\x9b2J"
        found = json.loads(file.read_bytes())
        for name in ("session", "role", "parent", "terminal", "until", "reason", "access_key_id"):
            found[name] = hostile
        file.write_text(json.dumps(found) + "\n")
        if on_terminal:
            shown = pexpect.run(f"{SCRIPT} audit", env=home.env, cwd=str(home.path), timeout=60)
        else:
            shown = run("audit").stdout.encode()
            assert run("audit", "--json").returncode == 0
        text = shown.decode()
        assert "pwned" in text
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", text)


def test_the_journal_can_be_read_while_the_state_folder_is_read_only(home, add, file):
    add(issued())
    program = f"mount --bind {file.parent} {file.parent} && mount -o remount,bind,ro {file.parent}"
    done = run_program(
        ["unshare", "-rm", "sh", "-c", f"{program} && exec {SCRIPT} audit"],
        {**home.env, "PATH": os.environ["PATH"]},
        cwd=home.path,
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no mount namespaces here")
    assert (done.returncode, done.stdout.count("Admin")) == (0, 1), done.stderr
