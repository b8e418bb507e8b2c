"""One lane: a home, an emulator, a server of forks; mutates, runs, says what broke a promise."""

import contextlib
import json
import os
import random
import re
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from tests.fuzz import answers, forkserver, mutations
from tests.fuzz.home import FuzzHome, is_token, parses
from tests.torture.ground import LAUNCHER, SSOHELPER, key_of

# The contract's exit codes, without 1; and that of the program that exec runs.
_GOOD_CODES = {0, 2, 3, 4, 5, 6, 7, 8, 9}
_LONGEST_SECONDS = 20.0
# A sign-in waits for a person for minutes.
_PATIENCE_SECONDS = 6.0
# C0 without newline and tab, DEL, C1, bidi and separators.
_HOSTILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_ROLE = "account-00000.Role00"
_ACCOUNT, _ROLE_NAME = "000000000000", "Role00"


class Command(NamedTuple):
    """`weight` is how often it runs; `writes`: it may change ~/.aws/config; `way` tells how the
    keys stand in stdout."""

    argv: tuple[str, ...]
    weight: int
    way: str = ""
    writes: bool = False
    signs: bool = False
    env: tuple[tuple[str, str], ...] = ()
    program: str | None = None


_KEY = tuple(key_of(0, 0))
COMMANDS = (
    Command(("credential-process", *_KEY), 20, "document"),
    Command(("credential-process", "--profile", _ROLE), 6, "document"),
    # 0.5 s of processor time: more than 20 forks.
    Command(_KEY, 1, "document", program=LAUNCHER),
    Command(("credential-process", *_KEY), 1, "document", program=SSOHELPER),
    Command(("status",), 6),
    Command(("status", "--json"), 2),
    Command(("status", "--check"), 2),
    Command(("list",), 6),
    Command(("list", "--json"), 3),
    Command(("list", "--refresh"), 4),
    Command(("whoami", _ROLE), 4),
    Command(("exec", _ROLE, "--", "/usr/bin/env"), 5, "env"),
    Command(("env", _ROLE, "--format", "json"), 4, "json"),
    Command(("profile", "sync", "--dry-run"), 4),
    Command(("profile", "sync", "--yes"), 4, writes=True),
    Command(("profile", "sync", "--prune", "--yes"), 2, writes=True),
    Command(("profile", "rm", _ROLE, "--yes"), 2, writes=True),
    Command(("profile", "undo", "--yes"), 4, writes=True),
    Command(("profile", "undo", "--print"), 3),
    Command(("profile", "list"), 3),
    Command(("profile", "show", _ROLE), 1),
    Command(("prompt",), 4, env=(("AWS_PROFILE", _ROLE),)),
    Command(("prompt", "--state"), 4, env=(("AWS_PROFILE", _ROLE),)),
    Command(("completion", "--answer", "bash", "ssohelper whoami ", " \t\n\"'><=;|&(:", "9"), 4),
    Command(("cache", "list"), 3),
    Command(("cache", "list", "--json"), 1),
    Command(("cache", "clear"), 1),
    Command(("config", "list"), 3),
    Command(("config", "set", "form", "sso"), 2),
    Command(("login", "corp", "--device-code", "--force", "--no-browser"), 3, signs=True),
    Command(("login", "corp", "--force"), 2, signs=True),
    Command(("logout", "corp"), 3, signs=True),
    Command(("favourite", "add", "corp:000000000001/Role00"), 1),
    Command(("console", _ROLE, "--print"), 1),
)


class LaneResult(NamedTuple):
    ran: int
    findings: list[str]
    longest: float
    codes: Counter[int]


class Lane:
    """Runs the mutations FIRST, FIRST + STEP, … of one seed."""

    def __init__(self, seed: str, base: Path) -> None:
        self._seed = seed
        self._out, self._err = base / "out", base / "err"
        self._server = forkserver.Server()
        self.home = FuzzHome(base, self._must)
        self.longest = 0.0
        self.codes: Counter[int] = Counter()

    def close(self) -> None:
        self._server.close()
        self.home.close()

    def run(self, number: int) -> list[str]:
        """Run one mutation; return what broke a promise, each with how it came about."""
        rng = random.Random(f"{self._seed}-{number}")
        self.home.restore()
        command = rng.choices(COMMANDS, [command.weight for command in COMMANDS])[0]
        done = self._mutate(rng)
        before = _Files(self.home)
        env = {**self.home.env, **dict(command.env)}
        patience = _PATIENCE_SECONDS if "login" in command.argv else 0
        said = self._ask(command.argv, env, command.program, patience)
        self.longest = max(self.longest, said["seconds"])
        self.codes[said["code"]] += 1
        found = [*self._wrong(command, said), *before.lost(command, said["code"])]
        how = f"#{number} {' '.join(command.argv)[:80]} ({'; '.join(done)})"
        error = self._err.read_bytes()[-400:] if found else b""
        return [f"{what} | {how} | {error!r}" for what in found]

    def _ask(
        self, argv: tuple[str, ...], env: dict[str, str], program: str | None, patience: float
    ) -> dict[str, Any]:
        return self._server.run(
            {"argv": argv, "env": env, "cwd": "/", "out": str(self._out), "err": str(self._err),
             "program": program, "patience": patience}
        )  # fmt: skip

    def _must(self, argv: tuple[str, ...], env: dict[str, str], program: str | None) -> None:
        said = self._ask(argv, env, program, 0)
        assert said["code"] == 0, (argv, said, self._err.read_text())

    # -- changing the files and AWS's answers at random ----------------------------------------

    def _mutate(self, rng: random.Random) -> list[str]:
        done = self._force_calls(rng)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            if rng.random() < 0.3:
                done.append(answers.mutate(rng, self.home.emulator.faults))
            else:
                done.append(self._mutate_file(rng))
        return done

    def _force_calls(self, rng: random.Random) -> list[str]:
        """Often let something be missing or over, so that AWS is asked and the answer is read."""
        done = []
        if rng.random() < 0.35:
            for folder in sorted((self.home.ground.runtime / "credentials").glob("*/*/Role00")):
                for path in sorted(folder.iterdir()):
                    path.unlink()
            done.append("no cached credentials")
        if rng.random() < 0.12:
            path = self.home.ground.token_file
            token = json.loads(path.read_bytes())
            path.write_text(json.dumps({**token, "expiresAt": "2026-01-01T00:00:00Z"}))
            done.append("the token expired")
        if is_hostile := rng.random() < 0.1:
            done.append(answers.name_hostile(rng, self.home.emulator.faults))
        if is_hostile or rng.random() < 0.1:
            folder = self.home.path / ".local/state/ssohelper/listings"
            for path in sorted(folder.rglob("*.json")):
                path.unlink()
            done.append("no listing")
        return done

    def _mutate_file(self, rng: random.Random) -> str:
        files = self.home.files()
        # A folder at a time, so that the many small ones of the runtime folder do not crowd out
        # config and token.
        groups: dict[str, list[Path]] = {}
        for path in files:
            parts = path.relative_to(self.home.path).parts
            groups.setdefault("/".join(parts[:4]), []).append(path)
        path = rng.choice(groups[rng.choice(sorted(groups))])
        name = str(path.relative_to(self.home.path))
        try:
            if rng.random() < 0.15:
                return f"{name}: {mutations.kind(rng, path, files)}"
            mutator = rng.choice(mutations.CONTENT)
            status = path.stat()
            path.write_bytes(mutator(rng, path.read_bytes()))
            # A published response is valid until its own time, so the mutated one is as well.
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        except OSError as error:  # an earlier mutation of this run is in the way
            return f"{name}: {error}"
        return f"{name}: {mutator.__name__}"

    # -- finding what a run did wrong ----------------------------------------------------------

    def _wrong(self, command: Command, said: dict[str, Any]) -> list[str]:
        out, err = self._out.read_bytes(), self._err.read_bytes()
        found = []
        is_interrupted = said["code"] == 130 and "login" in command.argv
        if said["code"] not in _GOOD_CODES and not is_interrupted:
            found.append(f"EXIT {said['code']}")
        if said["killed"] or said["seconds"] > _LONGEST_SECONDS:
            found.append(f"HANG {said['seconds']:.0f} s")
        if said["left"]:
            found.append("HANG in the background")
        if b"Traceback" in out + err or b"internal error" in err or b"Exception ignored" in err:
            found.append("TRACEBACK")
        if self.home.crashes.is_dir():
            logs = sorted(path.read_text() for path in self.home.crashes.iterdir())
            found += [f"CRASH LOG {' '.join(log.split()[3:])[:700]}" for log in logs[:1]]
        for name, text in (("stdout", out), ("stderr", err)):
            shown = text.decode("utf-8", "surrogateescape")
            if command.way != "env" and (hit := _HOSTILE.search(shown)):
                found.append(f"CONTROL CHARACTER {hit.group()!r} on {name}")
        if said["code"] and command.way and out:
            found.append("OUTPUT of a command that failed")
        if command.way and not said["code"]:
            found += self._wrong_role(_keys(command.way, out))
        return found

    def _wrong_role(self, keys: dict[str, Any]) -> list[str]:
        """Check whose keys these are by the emulator's books; changed ones are in none."""
        issued = self.home.emulator.issued.get(str(keys.get("AccessKeyId")))
        if issued is None:
            return []
        found = []
        if (issued.account_id, issued.role_name) != (_ACCOUNT, _ROLE_NAME):
            found.append(f"WRONG ROLE {issued.account_id}/{issued.role_name}")
        if issued.expires_at <= time.time() - _LONGEST_SECONDS:
            found.append("EXPIRED KEYS")
        return found


class _Files:
    """The user's own files before a run: what a run must not lose."""

    def __init__(self, home: FuzzHome) -> None:
        self._home = home
        self._config = home.path / ".aws/config"
        self._credentials = home.path / ".aws/credentials"
        self._before = [_content(path) for path in self._paths()]

    def _paths(self) -> tuple[Path, ...]:
        return self._config, self._credentials, self._home.ground.token_file

    def lost(self, command: Command, code: int) -> list[str]:
        after = [_content(path) for path in self._paths()]
        found = []
        # A mutation may have made it a link to a file that a command rightly writes.
        if after[1] != self._before[1] and not self._credentials.is_symlink():
            found.append("LOST credentials")
        if after[0] != self._before[0]:
            may_write, is_undo = command.writes and code == 0, "undo" in command.argv
            is_undo_of_all = is_undo and after[0] is None
            if not may_write or (not parses(after[0] or b"") and not is_undo_of_all):
                found.append("LOST config")
            elif not is_undo and not _own_lines(after[0]) >= _own_lines(self._before[0]):
                found.append("LOST lines of the config")
        if is_token(self._before[2]) and not is_token(after[2]) and not command.signs:
            found.append("LOST token")
        return found


def _own_lines(content: bytes | None) -> set[bytes]:
    """Return the lines of what the user wrote, as far as a mutation has left them."""
    own = b"# my own notes", b"[profile mine]", b"[profile legacy]"
    return {line for line in own if line in (content or b"")}


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _keys(way: str, out: bytes) -> dict[str, Any]:
    try:
        if way == "document":
            found = json.loads(out)
        elif way == "json":
            found = json.loads(out)["data"]
        else:
            pairs = [line.partition(b"=")[::2] for line in out.split(b"\n")]
            found = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
    except (ValueError, KeyError, TypeError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {"AccessKeyId": found.get("AccessKeyId") or found.get("AWS_ACCESS_KEY_ID")}


def run_lane(seed: str, first: int, step: int, ends_at: float, most: int) -> LaneResult:
    """Run the mutations FIRST, FIRST + STEP, … below `most` until this monotonic time."""
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    findings, number = list[str](), first
    place = {"prefix": "ssohelper-fuzz-", "dir": shared, "ignore_cleanup_errors": True}
    with (
        tempfile.TemporaryDirectory(**place) as base,
        contextlib.closing(Lane(seed, Path(base))) as lane,
    ):
        try:
            while time.monotonic() < ends_at and number < most:
                findings += lane.run(number)
                number += step
        except Exception as error:
            findings.append(f"LANE ended at #{number}: {error!r}")
    return LaneResult((number - first) // step, findings, lane.longest, lane.codes)
