"""Damaged files, unusual configs and impossible arguments: one clear line, and no data lost."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ssohelper import cli
from ssohelper.app import App
from ssohelper.broker.requests import AskedBy
from tests.conftest import RUN_SECONDS, SCRIPT, Home
from tests.long_rows import long_after

ACCOUNT, ROLE = "000030000001", "ReadOnlyAccess"
KEY = ("--session", "corp", "--account-id", ACCOUNT, "--role-name", ROLE)
PROFILE = f"\n[profile a]\nsso_session = corp\nsso_account_id = {ACCOUNT}\nsso_role_name = {ROLE}\n"


@pytest.fixture
def signed_in(home, emulator) -> Home:
    home.add_session(start_url=emulator.world.start_url, region=emulator.world.region)
    home.write_token(emulator.issue_token("ana"))
    return home


def kept(home: Home) -> Path:
    return home.runtime / "credentials" / "corp" / ACCOUNT / ROLE / "cached.json"


def end_brokers(home: Home) -> None:
    """End this home's brokers: they remember what the files held before."""
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            is_broker = b"broker-process" in (process / "cmdline").read_bytes()
            is_here = f"HOME={home.path}\0".encode() in (process / "environ").read_bytes()
            if process.name.isdigit() and is_broker and is_here:
                os.kill(int(process.name), signal.SIGKILL)


# -- commands with damaged files of ssohelper ------------------------------------------------------


DAMAGES = [
    *({"expires_at": 10**18}, {"access_key_id": "ASIA\0"}, {"session_token": "a\nb"}),
    {"expires_at": 10**18 + 3600, "received_at": 10**18},
    {"expires_at": int(time.time()) + 33 * 365 * 86400},
]


@pytest.mark.parametrize(
    "change", long_after(2, DAMAGES), ids=["1e18", "NUL", "newline", "both 1e18", "33 years"]
)
def test_damaged_cached_credentials_are_replaced(signed_in, run, emulator, change):
    assert run("credential-process", *KEY).returncode == 0
    end_brokers(signed_in)
    good = json.loads(kept(signed_in).read_text())
    kept(signed_in).write_text(json.dumps({**good, **change}))
    (signed_in.runtime / "credentials" / "corp" / ACCOUNT / ROLE / "response").unlink()
    done = run.ok("exec", f"corp:{ACCOUNT}/{ROLE}", "--", "/usr/bin/env")
    keys = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert emulator.issued.get(keys["AWS_ACCESS_KEY_ID"]) is not None
    assert json.loads(kept(signed_in).read_text())["access_key_id"] == keys["AWS_ACCESS_KEY_ID"]


@pytest.mark.parametrize("seconds", [-60, 33 * 365 * 86400, 10**15])
def test_credentials_with_an_impossible_expiry_are_not_served(signed_in, emulator, seconds):
    """In this process: a broker would ask again and get good credentials."""
    from ssohelper.actions import issuing
    from ssohelper.core.model import RoleKey
    from ssohelper.errors import BadAnswer

    keys = {"accessKeyId": "ASIAABCDEFGHIJKLMNOP", "secretAccessKey": "s", "sessionToken": "t"}
    credentials = {**keys, "expiration": (int(time.time()) + seconds) * 1000}
    body = json.dumps({"roleCredentials": credentials})
    emulator.faults.script("GetRoleCredentials", 200, body=body)
    with pytest.raises(BadAnswer) as caught:
        issuing.issue_credentials(App(signed_in.env), RoleKey("corp", ACCOUNT, ROLE), AskedBy())
    assert caught.value.hint
    assert not kept(signed_in).exists()


def test_impossible_numbers_in_state_files_count_as_absent(signed_in, run):
    assert run("list").returncode == 0
    state = signed_in.path / ".local/state/ssohelper"
    (state / "sign-ins").mkdir(exist_ok=True)
    facts = dict.fromkeys(("signed_in_at", "refreshed_at", "ended_at", "person_since"), 10**18)
    (state / "sign-ins/corp.json").write_text(json.dumps(facts))
    usage = {"version": 1, "roles": [["corp", ACCOUNT, ROLE, 10**18, 1, False]]}
    (state / "usage.json").write_text(json.dumps(usage))
    saved = next((state / "listings").rglob("listing.json"))
    saved.write_text(json.dumps({**json.loads(saved.read_text()), "listed_at": 10**18}))
    said = run.ok("-v", "list", "--json")
    rows = json.loads(said.stdout)["data"]
    assert {row["last_used_at"] for row in rows} == {None}
    assert said.stderr.count("is damaged") >= 2
    assert json.loads(saved.read_text())["listed_at"] < 10**10
    status = run.ok("status", "--json")
    assert json.loads(status.stdout)["data"]["sessions"][0]["state"] == "valid"


def test_undo_with_a_lost_version_deletes_nothing(signed_in, run):
    assert run("profile", "sync", "--yes").returncode == 0
    text = signed_in.config_file.read_bytes()
    versions = signed_in.path / ".local/state/ssohelper/config-versions"
    lost = next(path for path in versions.rglob("*") if path.name.isdigit())
    content = lost.read_bytes()
    for spoil in (lost.unlink, lambda: lost.write_bytes(content[:-1])):
        spoil()
        done = run("profile", "undo", "--yes")
        assert (done.returncode, signed_in.config_file.read_bytes()) == (7, text)
        assert "nothing was changed" in done.stderr
    lost.write_bytes(content)
    assert run("profile", "undo", "--yes").returncode == 0
    assert signed_in.config_file.read_bytes() != text


# -- commands with unusual configs and names -------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "command"),
    [
        ("us-east-1.evil.com", ("env", "a")),
        ("us-east-1\n  evil", ("exec", "a", "--", "true")),
        ("１", ("whoami", "a")),
    ],
)
def test_an_impossible_region_is_refused_with_its_line(signed_in, run, region, command):
    before = signed_in.config_file.read_text()
    signed_in.write_config(f"{before}{PROFILE}region = {region}\n")
    line = before.count("\n") + 6
    done = run(*command)
    assert done.returncode == 3
    assert f"{signed_in.config_file}:{line}: " in done.stderr
    assert done.stdout == "" or command[0] == "whoami"


def test_config_that_other_tools_read_differently_is_a_warning(signed_in, run):
    before = signed_in.config_file.read_text()
    again = PROFILE.replace("profile a", "profile 'a'")
    signed_in.write_config(
        f"[DEFAULT]\noutput = json\n{before}{PROFILE}endpoint_url = http://127.0.0.1:1\n"
        f"services = x\n{again}endpoint_url = x\n"
    )
    done = run("whoami", "a")
    assert "[DEFAULT]" in done.stderr
    assert 'the profile "a" exists twice, in lines' in done.stderr
    assert '"endpoint_url" of profile "a": ignored' in done.stderr
    quiet = run("credential-process", "--profile", "a")
    assert (quiet.returncode, quiet.stderr) == (0, "")


def test_a_name_of_10_kb_is_shortened(signed_in, run):
    for command in (("whoami",), ("credential-process", "--profile")):
        done = run(*command, "a" * 10_000)
        assert done.returncode in (2, 3)
        assert max(map(len, done.stderr.splitlines())) < 600
        assert "…" in done.stderr


def test_shell_init_takes_common_options_too(capfd):
    assert cli.run(["shell-init", "bash", "--cmd", "sso", "--verbose"]) == 0
    assert "complete -F _ssohelper sso\n" in capfd.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="modes of a file")
@pytest.mark.parametrize(("mode", "code"), [(0o602, 7), (0o622, 7), (0o600, 0), (0o644, 0)])
def test_settings_that_other_users_may_write_are_not_read(home, run, mode, code):
    path = home.path / ".config/ssohelper/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('theme = "light"\n')
    path.chmod(mode)
    done = run("config", "get", "theme")
    assert done.returncode == code
    assert ("chmod go-w" in done.stderr) is (code == 7)


# -- pruning profiles after an interrupted listing -------------------------------------------------


def test_prune_ignores_the_answers_of_an_interrupted_listing(signed_in, run, emulator):
    """A role that was missing an hour ago is assigned now, so its profile must stay."""
    assert run("profile", "sync", "--yes").returncode == 0
    app = App(signed_in.env)
    whole = app.directory.load("corp")
    assert whole is not None
    first, second, *others = whole.accounts
    stale = (first._replace(roles=()), second, *(one._replace(answered=False) for one in others))
    app.directory.save_unfinished_listing("corp", whole._replace(accounts=stale))
    before = signed_in.config_file.read_bytes()
    run.ok("profile", "sync", "--prune", "--yes")
    assert signed_in.config_file.read_bytes() == before


# -- pressing Ctrl-C and other keys while commands run ---------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_while_modules_load_is_130_without_a_traceback(home):
    """From our first line on. Before it, Python's own start can still show a traceback."""
    for _ in range(20):
        # -X importtime prints a line for each module: click is loaded by our imports.
        argv = [sys.executable, "-X", "importtime", SCRIPT, "list"]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(argv, env=home.env, **streams)
        assert process.stderr is not None
        for line in process.stderr:
            if "click." in line:
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate(timeout=RUN_SECONDS)
        assert "Traceback" not in err
        if process.returncode == 130:
            assert out == ""
            return
    pytest.fail("it was never interrupted")


def test_keys_of_an_earlier_version_do_not_stop_credentials(signed_in, run):
    settings = App(signed_in.env).locations.settings_file
    settings.parent.mkdir(parents=True)
    settings.write_text('[keys]\n"confirm.yes" = "€"\n')
    settings.chmod(0o600)
    done = run("credential-process", *KEY)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.long
def test_ctrl_c_at_any_moment_shows_no_frame_of_ours(signed_in):
    """Seeded moments, over commands that load different modules."""
    rng, nothing = random.Random(20), subprocess.DEVNULL
    commands = (["list"], ["status"], ["--help"], ["config", "list"], ["credential-process", *KEY])
    for argv in commands * 5:
        streams = {"stdin": nothing, "stdout": nothing, "stderr": subprocess.PIPE}
        process = subprocess.Popen([SCRIPT, *argv], env=signed_in.env, **streams)
        time.sleep(rng.uniform(0.0, 0.25))
        process.send_signal(signal.SIGINT)
        error = process.communicate(timeout=RUN_SECONDS)[1].decode()
        # -2 and a traceback of site or of the script: Python had not reached our first line.
        assert "ssohelper/" not in error.replace("bin/ssohelper", "").replace(SCRIPT, ""), error
        assert process.returncode in (0, 4, 130) or "ssohelper:" not in error
