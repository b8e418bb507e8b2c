"""The endpoint with real SDKs and tools. Long runs of them are in `make torture`."""

import json

import pytest

from tests import node_sdk
from tests.conftest import Home
from tests.endpoint.bucket import EmptyStorage, rclone
from tests.endpoint.world import ACCOUNT, Served
from tests.programs import require_program, run_program

pytestmark = pytest.mark.network_client


def environment(endpoint: Served, home: Home) -> dict[str, str]:
    env = {**home.env, **endpoint.env}
    return {name: value for name, value in env.items() if name != "AWS_PROFILE"}


def test_the_javascript_sdk(endpoint, home):
    done = node_sdk.run_node_script("long_job.mjs", "0", env=environment(endpoint, home))
    assert json.loads(done.stdout) == {"calls": 1, "failures": [], "accounts": [ACCOUNT]}


def test_rclone(endpoint, home, emulator):
    with EmptyStorage(emulator) as storage:
        command = rclone(require_program("rclone"), storage.url)
        done = run_program(command, environment(endpoint, home))
        assert done.returncode == 0, done.stderr
        assert storage.accounts == [ACCOUNT]
