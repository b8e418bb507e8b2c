"""A caller and its broker: real processes on real sockets, with failures of each."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import DEFAULT, Mock

import pytest

from ssohelper import credential_process
from ssohelper.emulator.server import Emulator
from ssohelper.fastpath import broker_address, broker_client, miss
from tests.conftest import SCRIPT, Home, Run
from tests.long_rows import long_after
from tests.processes import broker_ids, end_detached_processes, parent_of
from tests.torture.ground import wait_for

KEY = ("corp", "000030000001", "ReadOnlyAccess")
ARGV = ["--session", KEY[0], "--account-id", KEY[1], "--role-name", KEY[2]]

Answer = tuple[int, bytes, bytes]


@pytest.fixture
def signed_in(home: Home, emulator: Emulator) -> Emulator:
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    home.write_token(emulator.issue_token("ana"))
    home.runtime.mkdir(mode=0o700)
    return emulator


def ask(home: Home, seconds: float = 60.0, **more: bool) -> Answer:
    return broker_client.ask_broker(KEY, home.env, seconds, is_permitted=False, **more)


def access_key_of(answer: Answer) -> str:
    code, document, _rest = answer
    assert code == 0
    return json.loads(document)["AccessKeyId"]


def folder_of(home: Home) -> Path:
    return Path(broker_address.broker_sockets_folder(home.env))


def socket_of(home: Home) -> Path:
    return folder_of(home) / broker_address.broker_socket_name(KEY[0], home.env)


def lock_of(home: Home) -> Path:
    return socket_of(home).with_suffix(".lock")


def forget(home: Home) -> None:
    """Forget what is cached, so that the next caller needs AWS."""
    subprocess.run(["rm", "-rf", str(home.runtime / "credentials")], check=True)


def kill_brokers(home: Home) -> None:
    for pid in broker_ids(home.path):
        os.kill(pid, signal.SIGKILL)


class TestStart:
    def test_50_callers_at_once_start_one_broker(self, home, signed_in):
        home.write_token({**signed_in.issue_token("ana"), "expiresAt": "2020-01-01T00:00:00Z"})
        answers: list[Answer] = []
        threads = [threading.Thread(target=lambda: answers.append(ask(home))) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert len({access_key_of(answer) for answer in answers}) == 1
        assert (len(answers), len(broker_ids(home.path))) == (50, 1)
        assert signed_in.counters["GetRoleCredentials"] == 1
        assert signed_in.counters["CreateToken.refresh_token"] == 1

    def test_the_first_caller_starts_it_detached_and_the_next_ones_use_it(self, home, signed_in):
        before = os.umask(0)
        try:
            first = access_key_of(ask(home))
        finally:
            os.umask(before)
        (pid,) = broker_ids(home.path)
        assert access_key_of(ask(home)) == first
        assert broker_ids(home.path) == [pid]
        assert signed_in.counters["GetRoleCredentials"] == 1
        places = folder_of(home), socket_of(home), lock_of(home)
        assert [path.stat().st_mode & 0o777 for path in places] == [0o700, 0o600, 0o600]
        assert os.getsid(pid) not in (os.getsid(0), os.getpid())
        assert os.getpgid(pid) != os.getpgid(0)
        assert os.readlink(f"/proc/{pid}/cwd") == "/"
        # None of its streams is its caller's.
        streams = [os.readlink(f"/proc/{pid}/fd/{number}") for number in range(3)]
        assert streams == ["/dev/null"] * 3
        assert parent_of(pid) != os.getpid(), "a caller would have to wait for it"

    @pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
    def test_it_raises_low_soft_limits_of_its_caller(self, home, signed_in):
        import resource

        wanted = {"NOFILE": 4096, "FSIZE": 16 << 20, "CPU": 600, "DATA": 1 << 30}
        script = 'ulimit -S -n 256 -f 0 -t 9 -d 131072; exec "$@"'
        argv = ["bash", "-c", script, "bash", SCRIPT, "credential-process", *ARGV]
        subprocess.run(argv, env=home.env, capture_output=True, check=True)
        (pid,) = broker_ids(home.path)
        for name, value in wanted.items():
            kind = getattr(resource, f"RLIMIT_{name}")
            soft, hard = resource.prlimit(pid, kind)
            assert soft == (value if hard < 0 else min(value, hard)), name

    @pytest.mark.parametrize(
        ("line", "starts"),
        [
            ("ulimit -n 1024 -f 20000", True),
            ("ulimit -S -f 0", True),
            ("ulimit -f 0", False),
            ("ulimit -v 1000000", False),
            ("ulimit -d 200000", False),
            ("ulimit -t 50", False),
            ("ulimit -n 512", False),
            ("nice -n 1", False),
        ],
    )
    def test_a_caller_with_low_limits_starts_none(self, line, starts):
        code = "from ssohelper.fastpath import own_process as o; print(o.may_start_broker())"
        then = " " if line.startswith("nice") else "; exec "
        argv = ["bash", "-c", f'{line}{then}"$@"', "bash", sys.executable, "-c", code]
        done = subprocess.run(argv, capture_output=True, text=True)
        assert (done.stdout, done.stderr) == (f"{starts}\n", "")

    def test_files_that_killed_brokers_left_are_removed(self, home, signed_in):
        folder_of(home).mkdir(mode=0o700, parents=True)
        old, new = folder_of(home) / "old", folder_of(home) / "new"
        for path in (old, new, lock_of(home)):
            path.touch(0o600)
            os.utime(path, None if path is new else (0, 0))
        lock = lock_of(home).stat().st_ino
        ask(home)
        assert (old.exists(), new.exists()) == (False, True)
        assert lock_of(home).stat().st_ino == lock

    @pytest.mark.parametrize("is_long", [True, False])
    def test_a_path_that_is_too_long_for_a_socket_works_on_linux(self, home, signed_in, is_long):
        with tempfile.TemporaryDirectory(prefix="s") as short:
            folder = Path(short) / ("d" * 60) / ("e" * 60) if is_long else Path(short)
            folder.mkdir(parents=True, exist_ok=True)
            home.env["SSOHELPER_HOME"] = str(folder)
            assert (len(str(socket_of(home))) > 103) is is_long
            try:
                first = access_key_of(ask(home))
                assert socket_of(home).is_socket()
                assert access_key_of(ask(home)) == first
                assert len(broker_ids(home.path)) == 1
            finally:
                end_detached_processes(home.path)


class TestBadDays:
    def test_the_socket_of_a_crashed_broker_is_replaced(self, home, signed_in):
        ask(home)
        kill_brokers(home)
        assert wait_for(lambda: not broker_ids(home.path))
        assert socket_of(home).is_socket()
        forget(home)
        assert access_key_of(ask(home))
        assert len(broker_ids(home.path)) == 1

    def test_when_it_is_killed_during_a_call_the_next_broker_answers(self, home, signed_in):
        signed_in.faults.run_before("GetRoleCredentials", lambda: kill_brokers(home))
        assert access_key_of(ask(home))
        assert signed_in.counters["GetRoleCredentials"] == 2

    def test_when_it_is_killed_during_a_renewal_the_sign_in_is_not_lost(self, home, signed_in):
        """The renewal runs in a separate process."""
        signed_in.faults.set(rotation="strict", strict_revokes_session=True)
        home.write_token({**signed_in.issue_token("ana"), "expiresAt": "2020-01-01T00:00:00Z"})
        signed_in.faults.run_before("CreateToken", lambda: kill_brokers(home))
        assert access_key_of(ask(home))
        assert signed_in.counters["CreateToken.refresh_token"] == 1

    def test_with_a_stopped_broker_callers_end_in_time(self, home, signed_in, monkeypatch, capfd):
        ask(home)
        (pid,) = broker_ids(home.path)
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(broker_client.Stopped):
            ask(home, seconds=0.2)
        monkeypatch.setattr(miss, "measure_seconds_left", lambda _began: 0.2)
        monkeypatch.setattr(os, "environ", home.env)
        assert miss.answer_miss(ARGV, 0.0) is None, "what is cached must do"
        forget(home)
        capfd.readouterr()
        assert credential_process.answer_credential_process(ARGV, 0.0) == 6
        out, err = capfd.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert err.startswith("ssohelper: error: no answer from AWS in time")
        os.kill(pid, signal.SIGCONT)
        assert access_key_of(ask(home))

    @pytest.mark.parametrize("what", long_after(2, ["fifo", "dangling link", "file", "link"]))
    def test_another_file_at_the_sockets_path_is_replaced(self, home, signed_in, what):
        precious = plant(what, socket_of(home), home)
        assert access_key_of(ask(home))
        assert socket_of(home).is_socket()
        assert precious.read_text() == "precious"

    @pytest.mark.parametrize("what", ["fifo", "dangling link", "link", "hard link", "folder"])
    def test_another_file_at_the_locks_path_is_refused(self, home, signed_in, run: Run, what):
        """No caller hangs."""
        precious = plant(what, lock_of(home), home)
        with pytest.raises(broker_client.Unavailable):
            ask(home)
        done = run("credential-process", *ARGV)
        assert (done.returncode, done.stderr) == (0, "")
        assert broker_ids(home.path) == []
        assert precious.read_text() == "precious"

    @pytest.mark.parametrize("folder", ["runtime", "brokers"])
    @pytest.mark.parametrize(
        "how", ["mode", pytest.param("owner", marks=pytest.mark.needs_root), "link"]
    )
    def test_a_folder_that_others_may_write_to_is_refused(self, home, signed_in, folder, how):
        brokers_folder = folder_of(home)
        brokers_folder.mkdir(mode=0o700, parents=True)
        place = brokers_folder if folder == "brokers" else brokers_folder.parent
        if how == "mode":
            place.chmod(0o777)
        elif how == "owner":
            os.chown(place, 4242, 4242)
        else:
            moved = home.path / "moved"
            place.rename(moved)
            place.symlink_to(moved)
        with pytest.raises(broker_client.Unavailable):
            ask(home)
        assert broker_ids(home.path) == []

    def test_another_users_broker_is_not_asked(self, home, signed_in, monkeypatch):
        ask(home)
        monkeypatch.setattr("ssohelper.fastpath.peer.find_peer_uid", lambda _stream: 4242)
        with pytest.raises(broker_client.Unavailable):
            ask(home)

    def test_where_no_broker_can_run_the_caller_asks_aws_itself(self, home, signed_in, run: Run):
        """With the same code: one renewal in a detached process, one role call."""
        home.write_token({**signed_in.issue_token("ana"), "expiresAt": "2020-01-01T00:00:00Z"})
        folder_of(home).write_text("no folder")
        done = run("credential-process", *ARGV)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["AccessKeyId"]
        assert signed_in.counters["CreateToken.refresh_token"] == 1
        assert signed_in.counters["GetRoleCredentials"] == 1

    @pytest.mark.parametrize("why", ["Windows", "a relative SSOHELPER_HOME"])
    def test_there_is_no_broker(self, home, monkeypatch, why):
        if why == "Windows":
            monkeypatch.setattr(sys, "platform", "win32")
        else:
            home.env["SSOHELPER_HOME"] = "here"
        with pytest.raises(broker_client.Unavailable):
            ask(home)


def plant(what: str, place: Path, home: Home) -> Path:
    """Put this kind of file at the place; return a file that must not change."""
    place.parent.mkdir(mode=0o700, parents=True)
    precious = home.path / "precious"
    precious.write_text("precious")
    {
        "fifo": lambda: os.mkfifo(place, 0o600),
        "folder": lambda: place.mkdir(mode=0o700),
        "file": lambda: place.write_text("file"),
        "dangling link": lambda: place.symlink_to(place.with_name("nowhere")),
        "hard link": lambda: os.link(precious, place),
        "link": lambda: place.symlink_to(precious),
    }[what]()
    return precious


class FakeBroker:
    """Listens at the broker's address and calls `serve` with each connection."""

    def __init__(self, home: Home) -> None:
        folder_of(home).mkdir(mode=0o700, parents=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with broker_client._open_short_path(str(socket_of(home))) as address:
            self.listener.bind(address)
        self.listener.listen(8)
        self.lines: list[bytes] = []
        self.serve: Callable[[socket.socket], None] = lambda _stream: None
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            with stream:
                self.lines.append(stream.recv(4096))
                self.serve(stream)


@pytest.fixture
def broker(home: Home) -> Iterator[FakeBroker]:
    home.runtime.mkdir(mode=0o700, exist_ok=True)
    made = FakeBroker(home)
    yield made
    made.listener.shutdown(socket.SHUT_RDWR)
    made.listener.close()


class TestDoubt:
    """A broker whose errors may come from a sandbox that no namespace shows."""

    NO_CONNECTION = (6, b"NoConnection")
    LOCAL = (7, b"LocalState")

    def answer(self, broker: FakeBroker, code: int, kind: bytes) -> None:
        fields = kind + b"\x1fm\x1f\x1f\x1fthe line\x1f0\x1f\x1f"
        reply = b"done %d 0 %d\n" % (code, len(fields)) + fields
        broker.serve = lambda stream: stream.sendall(reply)

    @pytest.mark.parametrize("error", [NO_CONNECTION, LOCAL], ids=["connection", "local"])
    def test_the_first_asks_aws_the_next_a_new_one(self, home, signed_in, broker, run, error):
        self.answer(broker, *error)
        done = run("credential-process", *ARGV)
        assert (done.returncode, done.stderr) == (0, "")
        assert not socket_of(home).exists()
        assert broker_ids(home.path) == []
        [stamp] = folder_of(home).glob("*.doubt")
        assert stamp.read_bytes() == b"", "the 30 s are for AWS's outages"
        forget(home)
        assert access_key_of(ask(home))
        assert len(broker_ids(home.path)) == 1

    def test_a_caller_without_credentials_leaves_the_broker(self, home, signed_in, broker, run):
        self.answer(broker, *self.NO_CONNECTION)
        signed_in.faults.set(down={"GetRoleCredentials": 503})
        assert run("credential-process", *ARGV).returncode == 6
        assert signed_in.counters["GetRoleCredentials"] == 1
        assert socket_of(home).exists()

    @pytest.mark.parametrize("kind", [b"AwsUnreachable", b"Throttled", b"BadAnswer"])
    def test_an_answer_of_aws_is_no_reason(self, home, broker, kind):
        self.answer(broker, 6, kind)
        assert ask(home)[0] == 6
        assert not list(folder_of(home).glob("*.doubt"))

    def test_a_broker_is_not_doubted_by_the_caller_that_started_it(self, home, signed_in):
        (token,) = home.token_folder.glob("*.json")
        token.unlink()
        token.mkdir()
        assert ask(home)[0] == 7
        assert len(broker_ids(home.path)) == 1
        self.doubt(home).settle(retire=False)

    def doubt(self, home) -> broker_client.Doubtful:
        with pytest.raises(broker_client.Doubtful) as doubt:
            ask(home)
        return doubt.value

    @pytest.mark.parametrize("is_retired", [True, False])
    def test_others_wait_for_its_result(self, home, signed_in, broker, monkeypatch, is_retired):
        self.answer(broker, *self.LOCAL)
        doubt = self.doubt(home)
        waits, answers = threading.Event(), []
        monkeypatch.setattr(broker_client.time, "sleep", lambda _seconds: waits.set())
        other = threading.Thread(target=lambda: answers.append(ask(home)))
        other.start()
        assert waits.wait(60)
        assert answers == []
        monkeypatch.undo()
        doubt.settle(retire=is_retired)
        other.join(60)
        assert answers[0][0] == (0 if is_retired else 7)
        assert len(broker.lines) == 2, "each asked it once"

    def test_without_success_the_error_stands_for_30_s(self, home, broker):
        self.answer(broker, *self.LOCAL)
        self.doubt(home).settle(retire=False)
        assert ask(home)[0] == 7
        [stamp] = folder_of(home).glob("*.doubt")
        os.utime(stamp, (time.time() - 31,) * 2)
        self.doubt(home).settle(retire=False)


class TestReading:
    def test_a_request_is_one_line_with_the_time_left_of_the_deadline(self, home, broker):
        broker.serve = lambda stream: stream.sendall(b"done 0 3 0\nabc")
        more = {"is_permitted": True, "least_share": 0.9}
        assert broker_client.ask_broker(KEY, home.env, 9.0, **more) == (0, b"abc", b"")
        words = broker.lines[0].split()
        assert words[:4] == [b"ask", *(part.encode() for part in KEY)]
        assert 8000 < int(words[4]) <= 9000
        assert words[5:8] == [b"900", b"1", b"1"]
        parent = Path(f"/proc/{os.getppid()}/comm").read_text().strip().replace(" ", "_")
        assert words[8].decode() == parent

    def test_an_answer_in_pieces_is_read_completely(self, home, broker):
        def serve(stream: socket.socket) -> None:
            for byte in b"wait 30\ndone 5 3 4\nabcdefg":
                stream.sendall(bytes([byte]))

        broker.serve = serve
        assert ask(home) == (5, b"abc", b"defg")

    def test_a_caller_that_is_told_to_wait_waits_past_its_deadline(self, home, broker, monkeypatch):
        monkeypatch.setattr(broker_client, "_GRACE_SECONDS", 0.05)

        def serve(stream: socket.socket) -> None:
            stream.sendall(b"wait 30\n")
            time.sleep(0.6)  # sleeps longer than the deadline and its grace
            stream.sendall(b"done 0 3 0\nabc")

        broker.serve = serve
        assert ask(home, seconds=0.2) == (0, b"abc", b"")

    @pytest.mark.parametrize("answer", [b"done 0 100 0\nhalf", b"x" * (4 << 20)])
    def test_an_answer_that_is_broken_off_or_endless_is_tried_5_times(self, home, broker, answer):
        def serve(stream: socket.socket) -> None:
            with contextlib.suppress(OSError):
                stream.sendall(answer)

        broker.serve = serve
        with pytest.raises(broker_client.Unavailable):
            ask(home)
        assert len(broker.lines) == 5


class TestMiss:
    """What `credential-process` prints for the broker's answer."""

    @pytest.fixture(autouse=True)
    def _environ(self, home, monkeypatch):
        monkeypatch.setattr(os, "environ", home.env)

    @pytest.mark.parametrize(
        ("answer", "code", "out", "err"),
        [
            ((0, b"document\n", b""), 0, "document\n", ""),
            (
                (0, b"document\n", b"one\x1fmore."),
                *(0, "document\n", "ssohelper: warning: one\nssohelper: warning: more.\n"),
            ),
            ((4, b"", b"Name\x1fm\x1fh\x1f\x1fthe line\x1f0\x1f\x1f"), 4, "", "the line\n"),
        ],
    )
    def test_it_prints_what_the_broker_answers(self, monkeypatch, capfd, answer, code, out, err):
        monkeypatch.setattr(broker_client, "ask_broker", Mock(return_value=answer))
        assert miss.answer_miss(ARGV, time.monotonic()) == code
        assert capfd.readouterr() == (out, err)

    def test_other_arguments_are_left_to_click(self):
        assert miss.answer_miss(["--profile", "x"], time.monotonic()) is None

    @pytest.mark.parametrize(
        ("error", "code"), [(broker_client.Unavailable("x"), None), (KeyboardInterrupt(), 130)]
    )
    def test_without_a_broker_this_process_answers(self, monkeypatch, capfd, error, code):
        """And Ctrl-C is silent."""
        monkeypatch.setattr(broker_client, "ask_broker", Mock(side_effect=error))
        assert miss.answer_miss(ARGV, time.monotonic()) == code
        assert capfd.readouterr() == ("", "")

    def test_a_stdout_that_cannot_be_written_is_exit_7(self, broker, capfd, monkeypatch):
        broker.serve = lambda stream: stream.sendall(b"done 0 9 0\ndocument\n")
        really_write, full = os.write, OSError(28, "No space left on device")
        fail_once = Mock(side_effect=[full, DEFAULT], wraps=really_write)
        monkeypatch.setattr(os, "write", fail_once)
        assert miss.answer_miss(ARGV, time.monotonic()) == 7
        assert "stdout cannot be written: No space left on device" in capfd.readouterr().err

    def test_the_deadline_counts_from_the_start_of_the_process(self):
        assert 0 < miss.measure_seconds_left(time.monotonic() - 3.0) <= 15.0
        assert miss.measure_seconds_left(time.monotonic() - 30) == 0.0
