"""The process that gets credentials of a profile that is not ours: what it is given, and its end."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ssohelper.actions import foreign_credentials, foreign_profiles
from ssohelper.app import App
from ssohelper.core.deadline import Deadline
from ssohelper.errors import AwsUnreachable
from ssohelper.system import collected_run
from tests.chains.conftest import JUMP_ARN, chain
from tests.chains.conftest import chained as chained  # a fixture
from tests.chains.test_foreign_credentials import Keyed, is_alive, write_program
from tests.chains.test_foreign_credentials import keyed as keyed  # a fixture
from tests.endpoint.world import wait_for


def test_the_provider_gets_keys_by_no_argument_and_no_environment_that_others_can_read(
    keyed: Keyed, monkeypatch: pytest.MonkeyPatch
):
    key, seen = keyed.key, list[object]()
    keyed.write(f"[profile box]\nrole_arn = {JUMP_ARN}\ncredential_source = Environment\n")
    keys = {"AWS_ACCESS_KEY_ID": key.access_key_id, "AWS_SECRET_ACCESS_KEY": key.secret_access_key}
    run_really = collected_run.run_with_time_limit

    def run_seen(
        argv: Sequence[str], environ: Mapping[str, str], seconds: float, given: bytes | None = None
    ) -> collected_run.EndedProgram:
        seen.extend((argv, environ))
        return run_really(argv, environ, seconds, given)

    monkeypatch.setattr(collected_run, "run_with_time_limit", run_seen)
    app = App({**keyed.home.env, **keys, "PYTHONPATH": "/mine"})
    found = foreign_profiles.find_foreign_profile(app, "box")
    assert found is not None
    deadline = Deadline(60.0, time.monotonic)
    got = foreign_credentials.obtain_credentials(app, found, {}, deadline, is_on_terminal=False)
    assert got.is_temporary
    assert "ssohelper" in repr(seen)
    for absent in (*keys.values(), "/mine"):
        assert absent not in repr(seen)


def test_a_hanging_program_is_killed_with_all_that_it_started(keyed: Keyed):
    started = keyed.home.path / "started"
    program = write_program(keyed, f"sleep 600 &\necho $! $$ >{started}\nwait")
    text = keyed.home.config_file.read_text()
    keyed.home.write_config(text + chain("above", JUMP_ARN, "own"))
    app = App(keyed.home.env)
    found = foreign_profiles.find_foreign_profile(app, "above")
    assert found is not None
    deadline = Deadline(6.0, time.monotonic)
    with pytest.raises(AwsUnreachable) as failed:
        foreign_credentials.obtain_credentials(app, found, {}, deadline, is_on_terminal=False)
    assert started.exists()
    assert str(program) in failed.value.message
    assert "within 6 s, so the attempt was stopped" in failed.value.message
    pids = [int(one) for one in started.read_text().split()]
    wait_for(
        lambda: not any(Path(f"/proc/{one}/cmdline").exists() and is_alive(one) for one in pids)
    )
