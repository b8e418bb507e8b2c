"""The process that renews one token, and writes the outcome to descriptor 3 for its starter."""

import json
import subprocess

from ssohelper.app import App
from ssohelper.broker.wording import decode_renewal_outcome
from ssohelper.core.instants import to_iso
from ssohelper.emulator.server import Emulator
from ssohelper.errors import ConfigInvalid, LoginRequired, SsoHelperError
from ssohelper.fastpath import RENEWAL_PROCESS
from tests.conftest import RUN_SECONDS, SCRIPT, Home
from tests.endpoint.world import wait_for


def renew(home: Home, sign_in_name: str, seen_id: str) -> SsoHelperError | None:
    """Run the process; return the outcome that its starter reads."""
    words = [SCRIPT, RENEWAL_PROCESS, sign_in_name, seen_id]
    words = ["sh", "-c", 'exec 3>&1 >&2; exec "$@"', "sh", *words]
    done = subprocess.run(words, env=home.env, capture_output=True, timeout=RUN_SECONDS)
    assert (done.returncode, done.stderr) == (0, b"")
    return decode_renewal_outcome(done.stdout)


def write_token_near_its_end(home: Home, emulator: Emulator) -> str:
    """Write ana's token with 60 s left; return its id."""
    content = emulator.issue_token("ana")
    content["expiresAt"] = to_iso(App(home.env).clock.now() + 60)
    home.write_token(content)
    return token_id(home)


def token_id(home: Home) -> str:
    app = App(home.env)
    return app.tokens.load(app.config.read().sso_session("corp")).id


def test_the_new_token_is_saved_before_the_starter_hears_of_it(home, emulator):
    home.add_session("corp", emulator.world.start_url)
    seen = write_token_near_its_end(home, emulator)
    assert renew(home, "corp", seen) is None
    assert token_id(home) != seen
    # Another caller saw the same old token: the new one is not renewed once more.
    assert renew(home, "corp", seen) is None
    assert emulator.counters["CreateToken.refresh_token"] == 1


def test_an_ended_sign_in_and_a_session_that_is_gone_are_what_the_starter_reports(home, emulator):
    home.add_session("corp", emulator.world.start_url)
    told = home.path / "told"
    settings = App(home.env).locations.settings_file
    settings.parent.mkdir(parents=True)
    command = ["sh", "-c", f'echo "$SSOHELPER_NOTICE_SESSION" >{told}']
    settings.write_text(f"notify = {json.dumps(command)}\n")
    seen = write_token_near_its_end(home, emulator)
    emulator.end_sign_ins("ana")
    ended = renew(home, "corp", seen)
    assert type(ended) is LoginRequired
    assert "corp" in ended.message
    assert ended.hint == "sign in with: ssohelper login corp"
    # The process gives the user's notice itself, after its answer.
    wait_for(lambda: told.exists() and told.read_text() == "corp\n")
    gone = renew(home, "gone", seen)
    assert type(gone) is ConfigInvalid
    assert "there is no [sso-session gone] in" in gone.message
