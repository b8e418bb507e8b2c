"""Other tools, which sign in, refresh and sign out with AWS's token files and take no lock."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from tests.simulator.aws import Refused
from tests.simulator.world import token_document

if TYPE_CHECKING:
    from tests.simulator.world import World


def sign_in(world: World, session: str, person: str) -> None:
    """`aws sso login`: a new sign-in, perhaps another person's."""
    begun, access, refresh = world.aws.sign_in(
        world.sessions[session], person, world.sign_in_seconds()
    )
    world.trace(f'another tool signs in to "{session}": {begun} with {access}')
    write(world, session, token_document(world, begun, access, refresh))


def sign_out(world: World, session: str) -> None:
    """Remove the token file; `aws sso logout` ends the sign-in at AWS too."""
    path = world.token_path(session)
    if not os.path.exists(path):
        return
    found = read(world, session)
    known = world.aws.sign_in_of(str(found.get("accessToken"))) if found else None
    if known is not None and world.rng.random() < 0.5:
        world.aws.end(known)
    world.trace(f'another tool signs out of "{session}"')
    os.unlink(path)
    world.judge.note_present(session, None)


def refresh(world: World, session: str) -> None:
    """An SDK's own refresh: reads the file, uses the refresh token, writes the file in place."""
    found = read(world, session)
    token = found.get("refreshToken") if found else None
    if found is None or token not in world.aws.refresh_tokens:
        return
    world.trace(f'another tool refreshes "{session}" with {token}')
    seconds = world.rng.choice((0.01, 0.1, 1.0, 6.0))

    def use() -> None:
        try:
            answer = world.aws.refresh(token, is_foreign=True)
        except Refused as refusal:
            world.trace(f"another tool is told: {refusal}")
            return
        world.scheduler.after(seconds / 2, lambda: keep(*answer))

    def keep(access: str, fresh: str) -> None:
        known = world.aws.sign_in_of(access)
        assert known is not None
        if read(world, session) != found:
            # It overwrites what came meanwhile, or brings back what was removed.
            known.excuse = known.excuse or "another tool's refresh met another change"
            present = world.judge.presents[session][-1].sign_in
            if present is not None:
                present.excuse = present.excuse or "another tool overwrote it"
        world.trace(f'another tool writes {access} and {fresh} for "{session}"')
        write(world, session, token_document(world, known, access, fresh))

    world.scheduler.after(seconds / 2, use)


def change_portal(world: World, session: str) -> None:
    """Change sso_start_url in the config, as a user does in an editor."""
    url = world.sessions[session]
    other = "https://other.awsapps.com/start"
    world.sessions[session] = f"https://{session}.awsapps.com/start" if url == other else other
    world.trace(f'the start URL of "{session}" becomes {world.sessions[session]}')
    world.write_config()
    world.judge.portals[session].append((world.scheduler.now, world.sessions[session]))


def read(world: World, session: str) -> dict[str, Any] | None:
    try:
        with open(world.token_path(session), "rb") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write(world: World, session: str, data: bytes) -> None:
    """Write in place: a reader may meet half of the file, and a killed tool leaves it so."""
    path, rng = world.token_path(session), world.rng
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if rng.random() < 0.6:
        world.disk.put(path, data)
        world.judge.note_present(session, data)
        return
    half = data[: rng.randrange(len(data))]
    world.disk.put(path, half)
    world.judge.note_present(session, half)
    seconds = rng.choice((0.0002, 0.002, 0.02, 0.4, 3.0, None))
    world.trace(f"it has written {len(half)} of {len(data)} bytes, the rest after {seconds} s")
    if seconds is None:
        return
    inode = os.stat(path).st_ino

    def finish() -> None:
        # A file that was replaced meanwhile is another one: the rest goes to no name.
        if os.path.exists(path) and os.stat(path).st_ino == inode:
            world.disk.put(path, data)
            world.judge.note_present(session, data)

    world.scheduler.after(seconds, finish)
