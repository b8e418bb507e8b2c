"""The credentials endpoint: other people's clients for many lives, crowds, a day, a night asleep."""

import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tests import node_sdk
from tests.endpoint.bucket import EmptyStorage, rclone
from tests.endpoint.crowd import crowd
from tests.processes import count_descriptors, resident_kb
from tests.torture.ground import AWS_CLI, SSOHELPER, Ground, ground, helper, native, wait_for
from tests.torture.lives import JOB
from tests.torture.rows import Dice, Row, Skipped, first_of, judge

_ACCOUNT = "000000000001"
_LIVES, _TOKEN_LIVES = 8, 2
_IDLE, _SLOW, _GOOD = 200, 50, 1000
_DRIPPED = b"GET /credentials HTTP/1.1\r\nHost: 127.0.0.1\r\n"
# 24 h in 16 min, so that it ends with the other rows.
_SPEED = 90
_DAY_SECONDS = 24 * 3600
_FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
_SLEEP_SECONDS = 9 * 3600
_HUNG_UP = "RemoteDisconnected"


class Endpoint(NamedTuple):
    """A running `serve`: its process, and what leads a client to it."""

    process: "subprocess.Popen[str]"
    port: int
    env: dict[str, str]

    def get(self) -> tuple[int, dict[str, str]]:
        """Ask as an SDK does; returns status and body. Raises: OSError."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            token = self.env["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
            connection.request("GET", "/credentials", headers={"Authorization": token})
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            connection.close()


@contextmanager
def endpoint(place: Ground, kind: str = "serve", **more: str) -> Iterator[Endpoint]:
    """Run `serve` or `exec --server` for a role, with more variables."""
    place.add_profile(kind, native(1))
    path = place.home / f"{kind}.env"
    # What `exec` runs tells us what it was given, as the env file does of `serve`.
    tell = (
        f"env | grep ^AWS_CONTAINER > {path}; t=AWS_CONTAINER_AUTHORIZATION_TOKEN; "
        f'echo "$t=$(cat "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")" >> {path}; '
        "echo told; exec sleep 100000"
    )
    words = {
        "serve": ["serve", kind, "--env-file", str(path)],
        "exec": ["exec", "--server", kind, "--", "/bin/sh", "-c", tell],
    }
    process = place.start(
        ["env", *(f"{name}={value}" for name, value in more.items()), SSOHELPER, *words[kind]],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=place.home,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise RuntimeError(f"{kind} did not start: {process.communicate()[1][-300:]}")
        given = dict(line.split("=", 1) for line in path.read_text().splitlines())
        port = urlsplit(given["AWS_CONTAINER_CREDENTIALS_FULL_URI"]).port or 0
        # No file of this home leads a client past the endpoint.
        alone = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        yield Endpoint(process, port, {**place.env, **given, **alone})
    finally:
        process.terminate()
        process.communicate()


def endpoint_clients(dice: Dice) -> list[Row]:
    """boto3, JavaScript, the AWS CLI and rclone on the endpoint, over accelerated lives"""
    life = dice.count(30, 10)
    lives = _LIVES if dice.scale > 0.3 else 2
    seconds = life * lives
    program, aws = shutil.which("rclone"), [AWS_CLI, "sts", "get-caller-identity"]
    if program is None or not os.access(AWS_CLI, os.X_OK):
        raise Skipped("AWS CLI v2 or rclone is not installed")
    node, script = shutil.which("node") or "node", str(node_sdk.install_scripts() / "long_job.mjs")
    with ground() as place, EmptyStorage(place.emulator) as storage:
        life_of_token = seconds / _TOKEN_LIVES
        place.emulator.faults.set(role_credentials_seconds=life, token_seconds=life_of_token)
        place.sign_in()
        with endpoint(place) as served, ThreadPoolExecutor(4) as pool:
            place.emulator.reset_counters()
            jobs = {
                "boto3": pool.submit(_long, [sys.executable, "-c", JOB, "", str(seconds)], served),
                "JavaScript SDK": pool.submit(_long, [node, script, str(seconds)], served),
                "AWS CLI": pool.submit(_again_and_again, aws, seconds, served),
                "rclone": pool.submit(
                    _again_and_again, rclone(program, storage.url), seconds, served
                ),
            }
            done = {name: job.result() for name, job in jobs.items()}
        calls = [one for one in place.emulator.calls if one.operation == "GetCallerIdentity"]
        refused = sum(one.status != 200 for one in calls) + storage.accounts.count(None)
        refreshes = place.emulator.counters["CreateToken.refresh_token"]
        issued = place.emulator.counters["GetRoleCredentials"]
    rows = [
        Row(
            f"{name} on the endpoint, {lives} lives of {life} s",
            f"{len(failures)} failures of {count} calls" + first_of(f[-200:] for f in failures),
            "0",
            judge(not failures, count > lives),
        )
        for name, (count, failures) in done.items()
    ]
    rows.append(
        Row(
            "expired or wrong keys that STS and storage saw of them",
            f"{refused} of {len(calls) + len(storage.accounts)} "
            f"({issued} role calls, {refreshes} token refreshes)",
            "0",
            judge(not refused, refreshes > 0 and issued >= lives),
        )
    )
    return rows


def endpoint_crowd(dice: Dice) -> Row:
    """good requests beside idle and slow clients"""
    good = dice.count(_GOOD, 200)
    with ground() as place:
        place.sign_in()
        with endpoint(place) as served:
            took, failures = [], 0
            with crowd(served.port, idle=_IDLE, slow=_SLOW, request=_DRIPPED):
                for _ in range(good):
                    began = time.monotonic()
                    try:
                        failures += served.get()[0] != 200
                    except OSError:
                        failures += 1
                    took.append(time.monotonic() - began)
    p99 = sorted(took)[int(good * 0.99)]
    return Row(
        f"{good} good requests beside {_IDLE} idle and {_SLOW} slow clients",
        f"{failures} failures, p99 {p99 * 1000:.0f} ms, longest {max(took) * 1000:.0f} ms",
        "0, p99 < 1 s",
        not failures and p99 < 1,
    )


def endpoint_day(dice: Dice) -> list[Row]:
    """24 h of serve, accelerated: memory and descriptors flat, nothing expired served"""
    if not _FAKETIME.exists():
        raise Skipped("libfaketime is not installed")
    began: float | None = None

    def clock() -> float:
        now = time.time()
        return now if began is None else began + (now - began) * _SPEED

    seconds = dice.count(_DAY_SECONDS // _SPEED, 60)
    with ground(clock=clock) as place:
        place.emulator.faults.set(role_credentials_seconds=3600, sign_in_seconds=90 * 86400)
        place.sign_in()
        # At this speed the time limit of a call is 0.05 s: the first answer is there already.
        place.run(*helper(1))
        (place.runtime / "aws-clock").unlink()  # faketime has another clock of the machine's start
        began = time.time()
        fast = {"LD_PRELOAD": str(_FAKETIME), "FAKETIME": f"+0 x{_SPEED}"}
        with endpoint(place, **fast) as served:
            pid = served.process.pid
            answers, wrong, sizes = 0, [], []
            ends_at = time.monotonic() + seconds
            while time.monotonic() < ends_at:
                answers += 1
                # Its 5 s for a request's head are 0.06 s here: who is late tries again, as SDKs do.
                tries = (_wrong(place, served, clock) for _ in range(3))
                wrong += next((found for found in tries if found != [_HUNG_UP]), [_HUNG_UP])
                sizes.append((resident_kb(pid), count_descriptors(pid)))
                time.sleep(0.1)
        renewals = place.emulator.counters["GetRoleCredentials"]
    # The first renewal loads what renewing takes; from there on nothing may grow.
    early, late = sizes[len(sizes) // 3], sizes[-1]
    grown = late[0] - early[0]
    descriptors = max(size[1] for size in sizes)
    hours = seconds * _SPEED / 3600
    return [
        Row(
            f"{hours:.0f} h of serve at {_SPEED} × speed, {answers} requests, {renewals} renewals",
            f"{len(wrong)} failed or expired{first_of(wrong)}",
            "0",
            judge(not wrong, renewals >= hours),
        ),
        Row(
            "its memory and descriptors",
            f"{late[0] // 1024} MB, {grown} kB more than after a third; at most {descriptors} open",
            # One botocore client that is not collected is 4 MB; a renewal made one each time once.
            "at most 8 MB more, 30 open",
            grown <= 8192 and descriptors <= 30,
        ),
    ]


def endpoint_sleep(dice: Dice) -> list[Row]:
    """sleep and wake: the wall clock 9 h ahead, the steady one not"""
    if not _FAKETIME.exists():
        raise Skipped("libfaketime is not installed")
    return [_slept(kind) for kind in ("serve", "exec")]


def _slept(kind: str) -> Row:
    with ground() as place:
        faults = place.emulator.faults
        faults.set(role_credentials_seconds=3600, sign_in_seconds=90 * 86400)
        place.sign_in()
        stamp = place.home / "stamp"
        _set_clock(stamp, 0)
        fake = {
            "LD_PRELOAD": str(_FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(stamp),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        now = place.emulator.now
        wrong: list[str] = []
        renewed_after = []
        with endpoint(place, kind, **fake) as served:
            for asked_at_once in (True, False):
                before = place.emulator.counters["GetRoleCredentials"]
                faults.clock_offset_seconds += _SLEEP_SECONDS
                _set_clock(stamp, faults.clock_offset_seconds)
                woke = time.monotonic()
                if asked_at_once:
                    wrong += _wrong(place, served, now)
                wait_for(lambda b=before: place.emulator.counters["GetRoleCredentials"] > b, 60)
                renewed_after.append(time.monotonic() - woke)
                wrong += _wrong(place, served, now)
    expired = sum(text.startswith("expired") for text in wrong)
    return Row(
        f"{kind} after sleeps of 9 h, asked at once and not asked",
        f"{expired} expired, {len(wrong)} not answered in time, "
        f"renewed after {renewed_after[0]:.1f} s and {renewed_after[1]:.1f} s",
        "0, within 30 s",
        not expired and max(renewed_after) <= 30,
    )


# -- running the clients, and counting their answers -------------------------------------------


def _set_clock(stamp: Path, seconds: float) -> None:
    """Set what faketime adds. Whole at once: it ends a process that reads an empty file."""
    new = stamp.with_suffix(".new")
    new.write_text(f"+{int(seconds)}s")
    new.replace(stamp)


def _long(command: list[str], served: Endpoint) -> tuple[int, list[str]]:
    done = subprocess.run(command, env=served.env, capture_output=True, text=True)
    if not done.stdout:
        return 0, [done.stderr[-300:] or "it said nothing"]
    said = json.loads(done.stdout)
    failures = said["failures"] + [f"account {x}" for x in said["accounts"] if x != _ACCOUNT]
    return said["calls"], failures


def _again_and_again(command: list[str], seconds: float, served: Endpoint) -> tuple[int, list[str]]:
    calls, failures = 0, []
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        done = subprocess.run(command, env=served.env, capture_output=True, text=True)
        calls += 1
        if done.returncode:
            failures.append(done.stderr)
        time.sleep(1)
    return calls, failures


def _wrong(place: Ground, served: Endpoint, clock) -> list[str]:  # type: ignore[no-untyped-def]
    """Return what is wrong with an answer, by the emulator's books and clock."""
    try:
        status, body = served.get()
    except OSError as error:
        return [type(error).__name__]
    if status != 200:
        return [f"{status} {body.get('code')}: {body.get('message')}"]
    issued = place.emulator.issued.get(body["AccessKeyId"])
    if issued is None or issued.account_id != _ACCOUNT:
        return ["keys of another account"]
    return [] if issued.expires_at > clock() else [f"expired {clock() - issued.expires_at:.0f} s"]
