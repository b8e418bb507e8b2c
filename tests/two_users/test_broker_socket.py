"""Another user of the machine attacks the broker, its socket and the runtime folder.

bob, the attacker, wants ana's credentials, wants ana to use bob's, or wants a file of ana's changed.
That ana, the victim, asks AWS herself or gets exit 7 for another user's folder is no success of bob's.
"""

import json
import os
import resource
import signal
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SCRIPT
from tests.processes import broker_ids, end_detached_processes
from tests.two_users.conftest import (
    KEY,
    Answer,
    Machine,
    Running,
    User,
    foreign_files,
    remove,
    wait_for,
)

pytestmark = pytest.mark.needs_root

EVIL = "ASIAEVILEVILEVILEVIL"
DOCUMENT = (
    f'{{"Version": 1, "AccessKeyId": "{EVIL}", "SecretAccessKey": "s", "SessionToken": "t", '
    '"Expiration": "2099-01-01T00:00:00Z", "AccountId": "000030000003"}\n'
)
# What bob runs: a broker that answers whatever it is asked, and says what it heard.
FAKE_BROKER = """
import os, socket, sys, threading
path, document = sys.argv[1:]
if os.path.lexists(path):
    os.unlink(path)
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(path)
os.chmod(path, 0o777)
listener.listen(50)
print("ready", flush=True)
while True:
    stream, _ = listener.accept()
    heard = stream.recv(4096)
    print("heard", heard, flush=True)
    try:
        stream.sendall(b"done 0 %d 0\\n" % len(document.encode()) + document.encode())
    except OSError:
        pass
    stream.close()
"""
# bob connects so often, and says how many bytes he was given and why each connection ended.
CONNECT = """
import socket, sys
path, times, line = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
got = refused = 0
for _ in range(times):
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.settimeout(20)
    try:
        stream.connect(path)
        stream.sendall(line)
        got += len(stream.recv(65536))
    except OSError as error:
        refused += 1
    stream.close()
print(got, refused)
"""
# bob puts his own folder, a link and nothing in place of ana's, as fast as he can.
RACE = """
import os, sys, time
place, own = sys.argv[1:]
print("ready", flush=True)
ends_at = time.monotonic() + 60
kinds = [lambda: os.mkdir(place, 0o777), lambda: os.symlink(own, place), lambda: None]
turn = 0
while time.monotonic() < ends_at and not os.path.exists(own + "/stop"):
    turn += 1
    try:
        os.rename(place, "%s/taken-%d" % (own, turn))
    except OSError:
        pass
    try:
        kinds[turn % 3]()
    except OSError:
        pass
"""
ASK = "ask corp 000030000003 ReadOnlyAccess 18000 0 0 0 - -\n"


@pytest.fixture(autouse=True)
def _nothing_cached(place) -> Iterator[None]:
    yield
    end_detached_processes(place.folder)
    for branch in ("credentials", "brokers"):
        remove(runtime(place) / branch)


def runtime(place: Machine) -> Path:
    return Path(place.victim.home.env["XDG_RUNTIME_DIR"]) / "ssohelper"


def running_socket(place: Machine) -> Path:
    """Return the socket of ana's running broker, which holds her credentials."""
    answer = place.victim.credentials()
    assert answer.returncode == 0, answer.stderr
    wait_for(lambda: broker_ids(place.victim.home.path))
    [path] = [one for one in (runtime(place) / "brokers").iterdir() if one.is_socket()]
    return path


def start_python(user: User, code: str, *words: str) -> Running:
    return user.start(sys.executable, "-I", "-c", code, *words)


def let_in(path: Path, mode: int = 0o755) -> None:
    """Open the folders of the socket, and the socket if it is there."""
    for folder in path.parents[:3]:
        folder.chmod(mode)
    if path.exists():
        path.chmod(0o777)


def kill_broker(place: Machine) -> None:
    [pid] = broker_ids(place.victim.home.path)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not broker_ids(place.victim.home.path))


def was_told(out: str) -> list[str]:
    """Return what a fake broker was sent: nothing, though callers connect to see whose it is."""
    return [line for line in out.splitlines() if line not in ("ready", "heard b''")]


def address(user: User, **env: str) -> str:
    """Return the name of the socket that the user's callers would connect to."""
    code = "import os; from ssohelper.fastpath import broker_address as a; "
    code += "print(a.broker_sockets_folder(os.environ), a.broker_socket_name('corp', os.environ), sep='/')"
    made = user.python(code, **env)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def is_no_success(place: Machine, answer: Answer) -> None:
    """Check that ana was given AWS's keys or, in one line, none at all."""
    assert EVIL not in answer.stdout
    assert answer.returncode in (0, 7), answer.stderr
    assert "Traceback" not in answer.stderr
    if answer.returncode == 0:
        assert place.is_of_aws(answer)
    else:
        assert answer.stdout == ""
        assert answer.stderr.count("\n") == 1


class TestSocket:
    def test_another_user_cannot_reach_the_brokers_socket(self, place):
        path = running_socket(place)
        for each in (path, path.parent, path.parent.parent):
            assert stat.S_IMODE(each.lstat().st_mode) in (0o600, 0o700)
        assert place.attacker.python(CONNECT, str(path), "1", ASK).stdout.split() == ["0", "1"]

    @pytest.mark.parametrize("line", [ASK, "", "x" * 100_000, "GET / HTTP/1.1\r\n\r\n"])
    def test_the_brokers_socket_gives_another_user_nothing_in_opened_folders(self, place, line):
        path = running_socket(place)
        let_in(path)
        place.emulator.reset_counters()
        answer = place.attacker.python(CONNECT, str(path), "20", line)
        assert answer.stdout.split()[0] == "0", answer.stderr
        assert place.emulator.counters["GetRoleCredentials"] == 0
        path.parent.parent.parent.chmod(0o700)

    def test_serves_its_own_user_while_another_opens_5000_connections(self, place):
        path = running_socket(place)
        let_in(path)
        [pid] = broker_ids(place.victim.home.path)
        attack = start_python(place.attacker, CONNECT, str(path), "5000", ASK)
        for account in ("000030000001", "000030000002"):
            answer = place.victim.credentials(account)
            assert answer.returncode in (0, 5), answer.stderr
        attack.ends()
        assert attack.said.split()[0] == "0", attack.said
        open_files = len(os.listdir(f"/proc/{pid}/fd")) if Path(f"/proc/{pid}").exists() else 0
        assert open_files < 100
        path.parent.parent.parent.chmod(0o700)


class TestOwnUser:
    """What a program of ana's own does by mistake ends nothing for her other programs."""

    @pytest.mark.parametrize(
        "sent",
        [
            *(b"x" * 10_000_000, b"\n", b"\0" * 600),
            b"ask corp 000030000003 ReadOnlyAccess -1 0 0 0 - -\n",
            b"ask corp 000030000003 ../../x 1 0 0 0 - -\n",
            b"ask \xff\xfe\xfd 1 2 3 4 5 6 7 8\n",
            b"ask corp 000030000003 ReadOnlyAccess 99999999999999 0 0\n",
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        ],
        ids=lambda sent: repr(sent[:20]),
    )
    def test_another_line_is_answered_with_the_end(self, place, sent):
        path = running_socket(place)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
            stream.settimeout(20)
            stream.connect(str(path))
            try:
                stream.sendall(sent)
                assert stream.recv(100) == b""
            except (BrokenPipeError, ConnectionResetError):
                pass
        assert place.is_of_aws(place.victim.credentials())

    def test_a_caller_that_sends_nothing_is_left_behind(self, place):
        path = running_socket(place)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
            stream.settimeout(60)
            stream.connect(str(path))
            stream.sendall(b"ask corp")
            assert place.is_of_aws(place.victim.credentials())
            assert stream.recv(100) == b""

    def test_more_connections_than_files_end_nothing(self, place):
        # The broker has the hard limit of the caller that starts it. With less than 1,024, none is
        # started.
        script = f'ulimit -n 1024; exec {SCRIPT} credential-process "$@"'
        answer = place.victim.run("/bin/sh", "-c", script, "sh", *KEY)
        assert answer.returncode == 0, answer.stderr
        path = running_socket(place)
        [pid] = broker_ids(place.victim.home.path)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        streams = []
        for _ in range(1100):
            stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            stream.connect(str(path))
            streams.append(stream)
        wait_for(lambda: len(os.listdir(f"/proc/{pid}/fd")) >= 1020)
        for stream in streams:
            stream.close()
        answer = place.victim.credentials("000030000001")
        assert answer.returncode == 0, answer.stderr


class TestPlanted:
    """A runtime folder whose parent others may write: XDG_RUNTIME_DIR, and the cache folder."""

    @pytest.fixture(params=["XDG_RUNTIME_DIR", "XDG_CACHE_HOME"])
    def opened(self, place, request) -> Iterator[dict[str, str]]:
        """Return ana's variables that lead into a folder of hers that all may write."""
        base = place.victim.folder(place.folder / "open", 0o777)
        yield {"XDG_RUNTIME_DIR": "", request.param: str(base)}
        remove(base)

    @pytest.mark.parametrize("kind", ["folder", "link", "fifo", "file", "socket"])
    def test_a_planted_runtime_folder_of_another_user_is_not_used(self, place, opened, kind):
        target, own = place.folder / "open" / "ssohelper", place.attacker.home.path / "own"
        remove(own)
        code = {
            "folder": "import os; os.mkdir(a); os.chmod(a, 0o777)",
            "link": "import os; os.mkdir(b); os.chmod(b, 0o777); os.symlink(b, a)",
            "fifo": "import os; os.mkfifo(a, 0o777)",
            "file": "open(a, 'w').close()",
            "socket": "import socket; socket.socket(socket.AF_UNIX).bind(a)",
        }[kind]
        code = f"import sys; a, b = sys.argv[1:]; {code}"
        planted = place.attacker.python(code, str(target), str(own))
        assert planted.returncode == 0, planted.stderr
        is_no_success(place, place.victim.credentials(**opened))
        for folder in (target, own):
            if folder.is_dir():
                assert list(folder.rglob("*")) == []

    def test_a_broker_of_another_user_is_not_believed(self, place, opened):
        """bob knows the address, since it is no secret; he makes the folders, and listens."""
        base = place.folder / "open" / "ssohelper"
        name = Path(address(place.victim, **opened)).name
        code = "import os, sys; os.makedirs(sys.argv[1], 0o777); os.chmod(sys.argv[1], 0o777)"
        assert place.attacker.python(code, str(base / "brokers")).returncode == 0
        fake = start_python(place.attacker, FAKE_BROKER, str(base / "brokers" / name), DOCUMENT)
        try:
            fake.says("ready\n")
            is_no_success(place, place.victim.credentials(**opened))
        finally:
            fake.ends(signal.SIGKILL)
        assert was_told(fake.said) == []

    def test_a_broker_in_folders_of_anas_own_is_not_believed_either(self, place):
        """Her folders stood open for a moment: bob's socket is in the right place."""
        path = running_socket(place)
        kill_broker(place)
        let_in(path, 0o777)
        fake = start_python(place.attacker, FAKE_BROKER, str(path), DOCUMENT)
        try:
            fake.says("ready\n")
            let_in(path, 0o700)
            place.emulator.reset_counters()
            answer = place.victim.credentials("000030000001")
            assert EVIL not in answer.stdout
            assert answer.returncode == 0, answer.stderr
        finally:
            fake.ends(signal.SIGKILL)
        assert was_told(fake.said) == []
        assert place.emulator.counters["GetRoleCredentials"] == 1

    def test_a_race_for_the_folder_gives_nothing(self, place, opened):
        own = place.attacker.folder(place.folder / "race")
        own.chmod(0o777)
        precious = place.victim.write(place.victim.home.path / "precious", "precious")
        racing = start_python(place.attacker, RACE, str(place.folder / "open/ssohelper"), str(own))
        try:
            racing.says("ready\n")
            for _ in range(10):
                is_no_success(place, place.victim.credentials(**opened))
        finally:
            (own / "stop").touch()
            racing.ends()
        assert readable_by(place.attacker.uid, own) == []
        assert precious.read_text() == "precious"
        remove(own)


def readable_by(uid: int, folder: Path) -> list[Path]:
    """Return the files in which this user could read a secret: his own, or open to all."""
    found = []
    for path in folder.rglob("*"):
        status = path.lstat()
        is_open = status.st_uid == uid or status.st_mode & 0o004
        if stat.S_ISREG(status.st_mode) and is_open and b"AccessKeyId" in path.read_bytes():
            found.append(path)
    return found


class TestLinks:
    def test_a_cache_folder_that_leads_to_another_users_is_refused(self, place):
        theirs = place.attacker.folder(place.folder / "theirs", 0o777)
        cache = place.victim.folder(place.folder / "cache")
        (cache / "ssohelper").symlink_to(theirs)
        os.lchown(cache / "ssohelper", place.victim.uid, place.victim.uid)
        answer = place.victim.credentials(XDG_RUNTIME_DIR="", XDG_CACHE_HOME=str(cache))
        is_no_success(place, answer)
        assert list(theirs.iterdir()) == []

    @pytest.mark.parametrize("kind", ["hard link", "link", "fifo", "folder"])
    def test_a_lock_that_is_something_else_changes_nothing(self, place, kind):
        path = running_socket(place)
        lock = path.with_suffix(".lock")
        kill_broker(place)
        lock.unlink()
        precious = place.victim.write(place.victim.home.path / "precious", "precious")
        if kind == "hard link":
            os.link(precious, lock)
        elif kind == "link":
            lock.symlink_to(precious)
        elif kind == "fifo":
            os.mkfifo(lock)
            os.chown(lock, place.victim.uid, place.victim.uid)
        else:
            place.victim.folder(lock)
        before = precious.stat()[:5]  # mode, inode, device, links, owner
        is_no_success(place, place.victim.credentials())
        assert (precious.read_text(), precious.stat()[:5]) == ("precious", before)
        remove(lock)

    def test_nothing_of_anas_is_anothers_in_the_end(self, place):
        assert foreign_files(place.victim.home.path, place.victim.uid) == []
        assert json.loads(place.victim.credentials().stdout)["AccountId"] == "000030000003"
