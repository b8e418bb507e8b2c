"""A published response that a hit prints, with the config and the token that it was made under."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

from ssohelper.app import App
from ssohelper.core.model import AccessToken, Account, RoleKey, Secret, SsoSession
from ssohelper.core.policy import Policy, PublishPermit

START_URL, REGION = "https://d-0000000000.awsapps.com/start", "us-east-1"
# Files that were written less than 2 s ago get no stamp.
SETTLED_SECONDS = 10


def date_back(path: Path) -> None:
    """Date the file back, as if nothing had written it lately."""
    at = time.time() - SETTLED_SECONDS
    os.utime(path, (at, at))


def publish_response(
    environ: Mapping[str, str], key: RoleKey, document: bytes, until: int, now: int | None = None
) -> None:
    """Publish as a broker does, in a home in which the session's token and config are made."""
    app = App(environ)
    session = SsoSession(key.session_name, START_URL, REGION, ())
    section = f"[sso-session {session.name}]\nsso_start_url = {START_URL}\nsso_region = {REGION}\n"
    app.locations.aws_config_file.parent.mkdir(parents=True, exist_ok=True)
    if session.name not in app.config.read().session_names():
        with app.locations.aws_config_file.open("a") as config:
            config.write(section)
        date_back(app.locations.aws_config_file)
    app.tokens.save(session, AccessToken(Secret("t"), int(time.time()) + 3600, None, None))
    date_back(Path(app.tokens.token_file(session)))
    assert app.take_session_stamp(session).prepare_publishing(lambda: None)
    permit = app.vault.permit_publishing(key)
    assert permit is not None
    app.vault.publish(permit, document, until, now)


def permit_publishing(key: RoleKey) -> PublishPermit:
    """Return the permission that a policy without rules gives."""
    policy = Policy(
        (),
        None,
        find_account=lambda key: Account(key.account_id, "", ""),
        find_grant=lambda key: None,
        has_terminal=lambda: False,
    )
    permit = policy.permit_publishing(key)
    assert permit is not None
    return permit
