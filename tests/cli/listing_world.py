"""A home folder with one sign-in, the real console script, and the emulator."""

import json
import os
import sys
from pathlib import Path

from ssohelper.app import App
from ssohelper.core.model import AccessToken, ClientRegistration, Secret, SsoSession
from tests.runs import RUNS

SCRIPT = Path(sys.executable).with_name("ssohelper")
SCOPES = ("sso:account:access",)


class Shell:
    """Runs `ssohelper` in a home of its own, signed in as ana at the session "corp"."""

    def __init__(self, home, emulator):
        self.home = home
        self.emulator = emulator
        self.environ = {
            "HOME": str(home),
            "SSOHELPER_HOME": str(home / "own"),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            **emulator.environment(),
        }
        world = emulator.world
        self.session = SsoSession("corp", world.start_url, world.region, SCOPES)
        self.config = home / ".aws" / "config"
        self.config.parent.mkdir()
        self.write_config()
        self.app = App(self.environ)
        self.sign_in()

    def write_config(self, more=""):
        self.config.write_text(
            f"[sso-session corp]\nsso_start_url = {self.session.start_url}\n"
            f"sso_region = {self.session.region}\n"
            f"sso_registration_scopes = sso:account:access\n{more}"
        )

    def sign_in(self):
        found = self.emulator.issue_token("ana", start_url=self.session.start_url)
        client = ClientRegistration(
            found["clientId"], Secret(found["clientSecret"]), 2**31, ("refresh_token",), SCOPES
        )
        refresh = Secret(found["refreshToken"])
        token = AccessToken(
            Secret(found["accessToken"]), self.app.clock.now() + 3600, refresh, client
        )
        self.app.tokens.save(self.session, token)
        facts = self.app.tokens.load_facts(self.session.name)
        facts = facts._replace(token_ids=(token.id,), issuer="loopback")
        self.app.tokens.save_facts(self.session.name, facts)

    def run(self, *argv, **environ):
        """Run the command and return the finished process; it printed no traceback and no secret."""
        done = RUNS.run([str(SCRIPT), *argv], {**self.environ, **environ}, Path.cwd(), None, 60)
        for stream in (done.stdout, done.stderr):
            assert "Traceback" not in stream
            assert self.emulator.canary not in stream
        return done

    def ok(self, *argv, **environ):
        """Run the command, which must end with exit code 0."""
        done = self.run(*argv, **environ)
        assert done.returncode == 0, done.stderr
        return done

    def json(self, *argv, **environ):
        said = json.loads(self.ok(*argv, "--json", **environ).stdout)
        assert said["version"] == 1
        return said
