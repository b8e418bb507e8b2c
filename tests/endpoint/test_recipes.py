"""The how-to pages' recipes, run as printed. bubblewrap with one mount acts as the container."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ssohelper.emulator.server import Emulator
from tests.conftest import SCRIPT, Home
from tests.endpoint.world import ACCOUNT, ROLE, Program, wait_for
from tests.programs import require_program, run_program

DOCS = Path(__file__).resolve().parents[2] / "docs" / "how-to"
PROFILE = "payments-prod.ReadOnlyAccess"
_WHO = "aws sts get-caller-identity --query Account --output text"


def blocks(page: str, language: str) -> list[str]:
    """Return the page's blocks of a language; of `console` blocks the commands."""
    found = re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.M | re.S)
    if language != "console":
        return found
    return [line[2:] for block in found for line in block.splitlines() if line.startswith("$ ")]


def typed(page: str, words: str) -> str:
    """Return the one command of the page that contains these words."""
    [line] = {line for line in blocks(page, "console") if words in line}
    return line


@pytest.fixture
def home(home) -> Home:
    """A home as the pages assume it: ssohelper in ~/.local/bin, and a script of the user's."""
    programs = home.path / ".local" / "bin"
    programs.mkdir(parents=True)
    (programs / "ssohelper").symlink_to(SCRIPT)
    home.env["PATH"] = f"{programs}:/usr/bin:/bin"
    for name in ("job.sh", "report.sh"):
        who = f"{require_program('aws')} {_WHO[4:]}"
        (home.path / name).write_text(f"#!/bin/sh\n{who} > $HOME/{name}.out\n")
        (home.path / name).chmod(0o755)
    return home


@pytest.fixture
def emulator(home, emulator) -> Emulator:
    text = home.config_file.read_text()
    home.config_file.write_text(text.replace("[profile job]", f"[profile {PROFILE}]"))
    return emulator


def shell(line: str, home: Home, **more: str) -> "subprocess.CompletedProcess[str]":
    return run_program(["/bin/sh", "-c", line], {**home.env, **more}, cwd=home.path)


def as_a_job(line: str, home: Home) -> "subprocess.CompletedProcess[str]":
    """Run a line as cron does: no terminal, and a minimal environment."""
    services = {name: value for name, value in home.env.items() if name.startswith("AWS_ENDPOINT")}
    env = {"HOME": str(home.path), "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", **services}
    return run_program(["/bin/sh", "-c", line], env, cwd=home.path)


class TestLongJobs:
    @pytest.mark.long
    def test_the_check_before_a_job_starts(self, home, emulator):
        line = typed("long-jobs.md", "--check --min 10h")
        home.browser()
        assert shell(line, home).returncode == 0
        assert not (home.path / "opened").exists()  # the sign-in lasts, so no browser opens
        done = shell(typed("long-jobs.md", "session_hours"), home)
        assert done.returncode == 0, done.stderr
        assert shell("ssohelper login corp --force", home).returncode == 0
        check = line.partition(" || ")[0]
        assert shell(check, home).returncode == 0
        assert shell(check.replace("10h", "13h"), home).returncode == 4
        kept = shell(typed("long-jobs.md", "login corp --min 10h").replace("10h", "11h"), home)
        assert kept.returncode == 0, kept.stderr
        assert "signed in until" in kept.stderr
        assert len((home.path / "opened").read_text().splitlines()) == 1
        # When it does not last long enough, the browser opens.
        assert shell("ssohelper login corp --min 13h", home).returncode == 0
        assert len((home.path / "opened").read_text().splitlines()) == 2

    def test_two_days_in_tmux(self, home, emulator):
        tmux = [require_program("tmux"), "-S", str(home.path / "tmux")]
        lines = blocks("long-jobs.md", "console")
        at = lines.index("tmux new -s job")
        home.browser()
        typing = "; ".join(lines[at + 1 : at + 3])
        start = [*tmux, "new", "-d", "-s", "job", typing]
        subprocess.run(start, env=home.env, cwd=home.path, check=True)
        try:
            out = home.path / "job.sh.out"
            wait_for(lambda: out.exists() and out.read_text() == f"{ACCOUNT}\n")
        finally:
            subprocess.run([*tmux, "kill-server"], env=home.env, capture_output=True)

    def test_the_users_own_command_for_notices(self, home, emulator):
        done = shell(typed("long-jobs.md", "config set notify sh"), home)
        assert done.returncode == 0, done.stderr
        token = emulator.issue_token("ana", start_url="https://d-0000000000.awsapps.com/start")
        del token["refreshToken"]
        home.write_token(token)
        with Program([SCRIPT, "exec", "--server", PROFILE, "--", "sleep", "60"], home):
            notices = home.path / "notices"
            wait_for(lambda: notices.exists() and "must sign in" in notices.read_text())

    @pytest.mark.long
    def test_cron(self, home, emulator):
        [line] = blocks("long-jobs.md", "text")
        command = line.split(None, 5)[5]
        done = as_a_job(command, home)
        assert done.returncode == 0, done.stderr
        assert (home.path / "report.sh.out").read_text() == f"{ACCOUNT}\n"
        for path in home.token_folder.iterdir():
            path.unlink()
        for cached in list(home.path.rglob(ROLE)):  # each role has a folder of its own
            shutil.rmtree(cached)
        done = as_a_job(command, home)
        assert done.returncode == 4
        assert done.stderr.splitlines()[0].startswith("ssohelper: error: ")

    def test_systemd_units(self, home, emulator):
        report, timer, service = blocks("long-jobs.md", "ini")
        assert as_a_job(exec_start(report, home), home).returncode == 0
        assert (home.path / "report.sh.out").read_text() == f"{ACCOUNT}\n"
        with Program(shlex.split(exec_start(service, home)), home) as program:
            program.says(".payments.env")
            done = shell(f"set -a; . ~/.payments.env; {_WHO}", home)
            assert (done.returncode, done.stdout.strip()) == (0, ACCOUNT), done.stderr
            # The signal that systemd sends at the end, and the exit code that the unit accepts.
            assert program.ends(15) == 143
        assert "SuccessExitStatus=143" in service
        # `systemctl enable` needs this line.
        assert all("[Install]\nWantedBy=" in unit for unit in (timer, service))

    @pytest.mark.long
    def test_a_ci_machine_without_a_browser(self, home, emulator):
        at = blocks("long-jobs.md", "console").index("ssohelper login corp --device-code")
        for path in home.token_folder.iterdir():
            path.unlink()
        for line in blocks("long-jobs.md", "console")[at : at + 2]:
            done = shell(line, home, CI="true")
            assert done.returncode == 0, done.stderr
        assert (home.path / "job.sh.out").read_text() == f"{ACCOUNT}\n"


def exec_start(unit: str, home: Home) -> str:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit)
    return parser["Service"]["ExecStart"].replace("%h", str(home.path))


class TestContainers:
    def test_with_only_the_socket(self, home, emulator):
        serve = typed("containers.md", "--socket ~/.sso.sock")
        [config] = blocks("containers.md", "ini")
        with Program(["/bin/sh", "-c", f"exec {serve}"], home) as program:
            program.says("credential_process = ")
            curl = config.partition("credential_process = ")[2].partition("\n")[0]
            # The command must work without any network.
            done = contained(f"cat /proc/net/dev; {curl}", home, "--unshare-net")
            assert "eth0" not in done.stdout
            assert json.loads(done.stdout.splitlines()[-1])["AccountId"] == ACCOUNT
            script = f"mkdir ~/.aws; printf '%s' {shlex.quote(config)} > ~/.aws/config; {_WHO}"
            done = contained(script, home)
            assert (done.returncode, done.stdout.strip()) == (0, ACCOUNT), done.stderr
            wrong = shell(typed("containers.md", "curl -sS").replace("localhost", "evil"), home)
            assert json.loads(wrong.stdout)["code"] == "Forbidden"

    @pytest.mark.long
    def test_when_signed_out_the_answer_says_what_to_type(self, home, emulator):
        serve = typed("containers.md", "--socket ~/.sso.sock")
        [config] = blocks("containers.md", "ini")
        in_container = config.partition("credential_process = ")[2].partition("\n")[0]
        with Program(["/bin/sh", "-c", f"exec {serve}"], home) as program:
            program.says("credential_process = ")
            printed = "".join(program.out).partition("credential_process = ")[2].strip()
            assert shell("ssohelper logout", home).returncode == 0
            for done in (
                contained(in_container, home),
                shell(typed("containers.md", "curl -sS"), home),
                shell(printed, home),
            ):
                # curl's exit code for an HTTP error, which an SDK reads as "no credentials".
                assert (done.returncode, "401" in done.stderr) == (22, True), done.stderr
                said = json.loads(done.stdout)
                assert said["code"] == "LoginRequired"
                assert "(sign in with: ssohelper login corp)" in said["message"]
            script = f"mkdir ~/.aws; printf '%s' {shlex.quote(config)} > ~/.aws/config; {_WHO}"
            assert "error: 401" in contained(script, home).stderr

    @pytest.mark.long
    def test_a_dev_container(self, home, emulator):
        with_socket, with_portal_address = map(json.loads, blocks("containers.md", "json"))
        [mount] = with_socket["mounts"]
        assert "source=${localEnv:HOME}/.sso.sock,target=/run/sso.sock" in mount
        serve = [SCRIPT, "serve", PROFILE, "--socket", str(home.path / ".sso.sock")]
        with Program(serve, home) as program:
            program.says("credential_process = ")
            done = contained(f"{with_socket['postCreateCommand']} && {_WHO}", home)
            assert (done.returncode, done.stdout.strip()) == (0, ACCOUNT), done.stderr
        assert with_portal_address["runArgs"][0] == "--network=host"
        assert with_portal_address["runArgs"][2].endswith("/.payments.env")
        folder = "${localEnv:HOME}/.payments"
        mount = f"source={folder},target={folder},type=bind"
        assert with_portal_address["mounts"][0].startswith(mount)

    def test_with_an_address_and_host_networking(self, home, emulator):
        serve = typed("containers.md", "serve payments-prod.ReadOnlyAccess --env-file")
        with Program(["/bin/sh", "-c", f"exec {serve}"], home) as program:
            program.says(".payments.env")
            lines = (home.path / ".payments.env").read_text().splitlines()
            given = dict(line.partition("=")[::2] for line in lines)
            folder = str(home.path / ".payments")
            mount = ["--ro-bind", folder, folder]
            done = contained(_WHO, home, *mount, socket=False, **given)
            assert (done.returncode, done.stdout.strip()) == (0, ACCOUNT), done.stderr

    @pytest.mark.long
    def test_a_running_container_works_on_when_serve_is_restarted(self, home, emulator):
        serve = typed("containers.md", "serve payments-prod.ReadOnlyAccess --env-file")
        folder, ready = home.path / ".payments", home.path / "ready"
        ready.mkdir()
        script = f"{_WHO}; : > /ready/first; until [ -e /ready/again ]; do sleep 0.1; done; {_WHO}"
        mounts = ["--ro-bind", str(folder), str(folder), "--bind", str(ready), "/ready"]
        answers: list[subprocess.CompletedProcess[str]] = []
        with Program(["/bin/sh", "-c", f"exec {serve}"], home) as program:
            program.says(".payments.env")
            lines = (home.path / ".payments.env").read_text().splitlines()
            given = dict(line.partition("=")[::2] for line in lines)
            ask = lambda: contained(script, home, *mounts, socket=False, **given)  # noqa: E731
            running = threading.Thread(target=lambda: answers.append(ask()))
            running.start()
            wait_for((ready / "first").exists)
        with Program(["/bin/sh", "-c", f"exec {serve}"], home) as program:
            program.says(".payments.env")
            (ready / "again").touch()
            running.join(60)
        assert answers[0].stdout.split() == [ACCOUNT, ACCOUNT], answers[0].stderr

    def test_the_pages_use_only_programs_that_a_container_has(self):
        assert "docker run -v ~/.sso.sock:/run/sso.sock" in typed("containers.md", "-v ~/.sso")
        assert "--network host --env-file" in typed("containers.md", "--network host")


def contained(
    script: str, home: Home, *options: str, socket: bool = True, **env: str
) -> "subprocess.CompletedProcess[str]":
    """Run a script in a container with only /usr and the socket: no home, no other process, no /run."""
    services = {name: value for name, value in home.env.items() if name.startswith("AWS_ENDPOINT")}
    if sys.platform != "linux":
        pytest.skip("bubblewrap is Linux's")
    mounts = ["--bind", str(home.path / ".sso.sock"), "/run/sso.sock"] if socket else []
    command = [
        require_program("bwrap"), "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent",
        "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib",
        "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
        "--dir", "/home/me", "--dir", "/run", *mounts, *options, "--clearenv",
    ]  # fmt: skip
    own = {"HOME": "/home/me", "PATH": "/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED": "true"}
    for name, value in {**own, **services, **env}.items():
        command += ["--setenv", name, value]
    require_program("curl")
    require_program("aws")
    return run_program([*command, "/bin/sh", "-c", script])
