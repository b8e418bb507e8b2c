"""A profile on another program's credentials, where that program never answers."""

import os
import signal
from pathlib import Path

import pytest

from tests.chains.conftest import JUMP_ARN, chain
from tests.conftest import SCRIPT
from tests.endpoint.world import Program, wait_for

_BOTO3 = "import boto3; boto3.Session().client('sts').get_caller_identity()"


@pytest.fixture
def started(chained) -> Path:
    """Return the file that another tool's program writes when it starts; then the program hangs."""
    place = chained.home.path / "started"
    program = chained.home.path / "other-tool"
    program.write_text(f"#!/bin/sh\necho $$ >>{place}\nexec sleep 600\n")
    program.chmod(0o755)
    chained.write(
        f"[profile other]\ncredential_process = {program}\n\n"
        + chain("above", JUMP_ARN, "other", region="us-east-1")
    )
    return place


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("credential-process", "--profile", "above"), 3),
        (("console", "above", "--print"), 2),
        (("serve", "above"), 3),
        (("exec", "--server", "above", "--", "true"), 2),
    ],
)
def test_a_command_that_cannot_take_it_fails_at_once_in_one_line(
    chained, run, started, command, code
):
    before = chained.home.config_file.read_bytes()
    done = run(*command)
    assert (done.returncode, done.stdout) == (code, "")
    errors = [line for line in done.stderr.splitlines() if "hint:" not in line]
    assert len(errors) == 1
    assert not started.exists()
    assert chained.home.config_file.read_bytes() == before
    assert chained.issued == (0, 0)


def test_lists_do_not_start_it(chained, run, started):
    for command in (("status",), ("profile", "list"), ("prompt",), ("list",)):
        assert run(*command, env={"AWS_PROFILE": "above"}).returncode == 0, command
    assert not started.exists()


def test_an_interrupted_command_that_waits_for_it_ends_and_loses_nothing(chained, run, started):
    assert run("credential-process", "--profile", "base").returncode == 0
    argv = [SCRIPT, "exec", "above", "--", "python3", "-c", _BOTO3]
    with Program(argv, chained.home) as program:
        wait_for(lambda: started.exists() and started.read_text().endswith("\n"))
        # exec ends as its command did, by the signal: a shell reports that as 130.
        assert program.ends(signal.SIGINT, seconds=60) == -signal.SIGINT
        said = "".join(program.err)
    assert said.startswith('profile "above": not ours, ')
    assert "other-tool; the command that you run waits for that program\n" in said
    os.kill(int(started.read_text()), signal.SIGKILL)
    kept = run.data("status")
    assert kept["sessions"][0]["state"] == "valid"
    assert len(kept["credentials"]) == 1
