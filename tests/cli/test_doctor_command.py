"""`ssohelper doctor` as a person and a script see it, in a home that was set up for real."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ssohelper import cli
from ssohelper.actions import doctor_proofs
from ssohelper.actions.doctor import Report
from ssohelper.cli import doctor_command
from ssohelper.core.findings import Finding
from ssohelper.core.resolver import Resolved
from ssohelper.emulator.server import Emulator
from tests.actions.broken_homes import REGION, make_healthy, make_world
from tests.conftest import Home
from tests.saved_listing import PAY

READ = "pay.Read"


@pytest.fixture
def emulator(home) -> Iterator[Emulator]:
    with Emulator(make_world()) as running:
        running.auto_approve = "ana"
        home.env.update(running.environment())
        yield running


@pytest.fixture
def doctor(home, monkeypatch, capfd) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run `ssohelper doctor` in this process, which waits for a slow machine as long as it takes."""
    for limit in ("PROOF_SECONDS", "FOREIGN_SECONDS", "HOST_SECONDS"):
        monkeypatch.setattr(doctor_proofs, limit, 60.0)

    def run_doctor(*argv: str, **more: str) -> "subprocess.CompletedProcess[str]":
        with monkeypatch.context() as patch:
            for name in os.environ.keys() - home.env.keys():
                patch.delenv(name)
            for name, value in {**home.env, **more}.items():
                patch.setenv(name, value)
            capfd.readouterr()
            code = cli.run(["doctor", *argv])
        printed = capfd.readouterr()
        assert "CNRY" not in printed.out + printed.err
        return subprocess.CompletedProcess(argv, code, printed.out, printed.err)

    return run_doctor


@pytest.fixture
def ready(home, emulator) -> Home:
    """A home as `setup` leaves it, signed in as ana."""
    make_healthy(home)
    home.write_token(emulator.issue_token("ana"))
    return home


def ids(done) -> list[str]:
    return [line.split("\t")[1] for line in done.stdout.splitlines() if line[:4] != "sdk\t"]


def data(done):
    return json.loads(done.stdout)["data"]


def add(home: Home, text: str) -> None:
    home.write_config(home.config_file.read_text() + text)


def program(home: Home, script: str) -> Path:
    path = home.path / "tool"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    add(home, f"[profile tool]\ncredential_process = {path}\nregion = {REGION}\n")
    return path


class TestAfterSetup:
    def test_nothing_is_wrong_and_one_profile_of_the_session_is_proven(
        self, ready, run, doctor, emulator
    ):
        done = doctor()
        assert (done.returncode, done.stdout) == (0, "")
        assert '"pay.Admin" gave credentials just now' in done.stderr
        assert "nothing wrong" in done.stderr

    def test_a_guarded_role_is_not_asked_for(self, ready, run, doctor, emulator):
        run("config", "set", "guard.rules", "*/*")
        emulator.reset_counters()
        for argv in (["--json"], [READ, "--run", "--json"]):
            found = data(doctor(*argv))
            # A call of the helper would be refused for the guard rule, and `doctor` would report that.
            assert (found["proven"], found["findings"]) == ([], [])
        assert emulator.counters["GetRoleCredentials"] == 0

    def test_a_missing_sign_in_is_exit_4_and_beside_a_problem_3(self, ready, run, doctor, emulator):
        emulator.end_sign_ins()  # an end that only AWS knows of
        done = doctor()
        assert (done.returncode, ids(done)) == (4, ["signed-out"]), done.stdout
        run("logout", "corp")
        done = doctor()
        assert (done.returncode, ids(done)) == (4, ["signed-out"])
        assert "ssohelper login corp" in done.stdout
        done = doctor(AWS_PROFILE="gone")
        assert (done.returncode, ids(done)) == (3, ["no-such-profile", "signed-out"])

    def test_fix_writes_the_helpers_path_in_one_write_that_undo_reverses(self, ready, run, doctor):
        good = ready.config_file.read_text()
        bad = re.sub(r"= \S+/ssohelper-credentials", "= /gone/ssohelper-credentials", good)
        ready.write_config(bad)
        assert ids(doctor()) == ["helper-missing"]
        done = doctor("--fix")
        assert done.returncode == 0
        assert "1 repaired" in done.stderr
        assert ready.config_file.read_text() == good
        assert run("profile", "undo", "--yes").returncode == 0
        assert ready.config_file.read_text() == bad

    def test_a_path_in_a_fix_is_quoted_for_the_shell(self, ready, doctor):
        records = ready.path / "a b's" / "state" / "signed-in"
        records.parent.mkdir(parents=True)
        records.write_text("")
        done = doctor("--json", SSOHELPER_HOME=str(records.parent.parent))
        [fix] = [one["fix"] for one in data(done)["findings"] if one["id"] == "state-folder"]
        words = shlex.split(fix.partition("again: ")[2])
        assert words == ["mv", str(records), f"{records}.old"]

    def test_json_has_each_finding_with_its_fix(self, ready, run, doctor):
        done = doctor("--json", AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE")
        assert done.returncode == 3
        [found] = data(done)["findings"]
        assert found == {
            "id": "half-a-key",
            "severity": "problem",
            "subject": "this shell",
            "message": found["message"],
            "fix": "unset AWS_ACCESS_KEY_ID",
            "fixable": False,
            "fixed": False,
        }


class TestOneProfile:
    def test_says_what_each_sdk_takes(self, ready, run, doctor):
        keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}
        found = data(doctor(READ, "--json", **keys, AWS_ACCOUNT_ID="9" * 12))
        takes = {one["family"]: (one["takes"], one["account_id"]) for one in found["sdks"]}
        assert takes.pop("JavaScript") == ("program", PAY)
        assert set(takes.values()) == {("environment keys", "9" * 12)}
        [shadow] = [one for one in found["findings"] if one["id"] == "keys-in-environment"]
        assert f"(account {'9' * 12})" in shadow["message"]

    def test_a_role_without_a_profile_and_an_unknown_name(self, ready, run, doctor):
        assert data(doctor(f"{PAY}/Admin", "--json"))["proven"] == [f"{PAY}/Admin"]
        assert doctor("--run").returncode == 2
        assert doctor("").returncode == 2
        done = doctor("pay.Reed")
        assert done.returncode == 2
        assert f'did you mean "{READ}"' in done.stderr


class TestForeignProgram:
    def test_runs_only_when_it_is_asked_for(self, ready, run, doctor):
        program(ready, f"touch {ready.path}/ran; exit 1")
        for argv in (["doctor"], ["doctor", "tool"], ["doctor", "--fix"]):
            doctor(*argv[1:])
            assert not (ready.path / "ran").exists()
        done = doctor("tool", "--run")
        assert (done.returncode, ids(done)) == (3, ["no-credentials"])
        assert (ready.path / "ran").exists()

    def test_its_secrets_are_not_shown_and_its_account_is_compared(self, ready, run, doctor):
        keys = {"AccessKeyId": "AKIA", "SecretAccessKey": "CNRYSAK"}
        answer = {"Version": 1, **keys, "AccountId": "9"}
        path = program(ready, f"echo 'secret_access_key=CNRYSAK' >&2; echo '{json.dumps(answer)}'")
        done = doctor("tool", "--run", "--json")
        assert data(done)["proven"] == ["tool"]
        assert "CNRYSAK" not in done.stdout + done.stderr
        path.write_text("#!/bin/sh\nprintf '\\033[31msecret_access_key=CNRYSAK' >&2; exit 1\n")
        done = doctor("tool", "--run")
        assert "CNRYSAK" not in done.stdout
        assert "\x1b" not in done.stdout


class TestNetwork:
    def test_an_endpoint_that_does_not_answer_is_named_with_the_way_to_it(
        self, ready, run, doctor, emulator
    ):
        emulator.stop()
        found = data(doctor("--json", AWS_CA_BUNDLE="/etc/ca.pem"))["findings"]
        [one] = [one for one in found if one["id"] == "endpoint"]
        assert one["subject"].startswith("127.0.0.1:")
        assert "no proxy, certificates of /etc/ca.pem" in one["message"]

    def test_a_proxy_that_is_not_there_and_a_relative_bundle(self, ready, run, doctor):
        moved = {name: "" for name in ready.env if name.startswith("AWS_ENDPOINT_URL")}
        done = doctor("--json", **moved, HTTPS_PROXY="http://user:CNRY-pw@127.0.0.1:9")
        found = [one for one in data(done)["findings"] if one["id"] == "endpoint"]
        assert {one["subject"].partition(".")[0] for one in found} == {"oidc", "portal", "sts"}
        assert all("proxy 127.0.0.1:9" in one["message"] for one in found)
        assert "CNRY" not in done.stdout + done.stderr
        done = doctor(AWS_CA_BUNDLE="ca.pem", **moved)
        assert "name the file in AWS_CA_BUNDLE by its absolute path" in done.stdout
        assert (done.returncode, "Traceback" in done.stderr) == (3, False)
        done = doctor(AWS_ENDPOINT_URL_SSO="https://evil.example")  # not AWS's
        assert "endpoint" in ids(done)
        assert "AWS_ENDPOINT_URL_SSO" in done.stdout

    def test_the_clock_is_compared_with_awss(self, ready, run, doctor, emulator):
        emulator.faults.set(clock_offset_seconds=1800)
        done = doctor()
        assert "clock" in ids(done)
        assert re.search(r"the clock is (29|30)m .*behind AWS's", done.stdout)


def test_only_what_is_not_repaired_yet_has_a_fix(capsys):
    found = Finding("helper-gone", "problem", "pay.Read", "the program is gone", "run sync")
    doctor_command.print_findings([found])
    assert "fix:    run sync" in capsys.readouterr().out
    doctor_command.print_findings([found._replace(is_fixed=True)])
    said = capsys.readouterr().out
    assert ("repaired" in said, "fix:" in said) == (True, False)


def test_the_table_of_sdks_names_account_and_role_and_a_script_gets_rows(capsys, monkeypatch):
    taken = Resolved("p", "Go", "sso", "session corp", PAY, "Read")
    report = Report((), (taken, Resolved("p", "Java", "error", "no region")))
    doctor_command.print_report(report)
    rows = capsys.readouterr().out.splitlines()
    assert rows == [f"sdk\tGo\tsso\tsession corp\t{PAY}\tRead", "sdk\tJava\terror\tno region\t\t"]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    doctor_command.print_report(report)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    ends = [row[-2:] for row in rows if row and row[0] in ("Go", "Java")]
    assert ends == [[PAY, "Read"], ["-", "-"]]
