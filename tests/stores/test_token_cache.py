"""What the token store does with each codec, and what the AWS CLI's format adds to that."""

import contextlib
import errno
import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.utils import JSONFileCache

from ssohelper.core.instants import to_iso
from ssohelper.core.model import (
    AccessToken,
    ClientRegistration,
    Secret,
    SignInFacts,
    SsoSession,
)
from ssohelper.errors import ConfigInvalid, LocalState, LockNotObtained, LoginRequired
from ssohelper.stores import files, token_cache
from ssohelper.stores.token_cache import TokenFiles
from tests.stores.disk import soon

NOON = 1_767_268_800
SCOPES = ("sso:account:access",)
CORP = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "eu-west-1", SCOPES)
OTHER = CORP._replace(name="other")
CLIENT = ClientRegistration("client-1", Secret("client-secret"), NOON + 86400)


def token(value: str, expires_at: int = NOON, refresh: str | None = "refresh-1") -> AccessToken:
    return AccessToken(Secret(value), expires_at, Secret(refresh) if refresh else None, CLIENT)


class TokenStoreContract:
    """What the token store promises with each codec. `make` returns one; two share a folder."""

    def make(self, folder: Path) -> TokenFiles:
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path) -> TokenFiles:
        return self.make(tmp_path)

    @pytest.fixture
    def other_process(self, tmp_path) -> TokenFiles:
        return self.make(tmp_path)

    def test_a_store_is_empty_when_it_is_new_and_when_all_was_forgotten_twice(self, store):
        for _ in range(3):
            assert store.load(CORP) is None
            assert store.read_token_file_fingerprint(CORP) == ""
            assert store.load_facts("corp") == SignInFacts()
            assert store.load_registration(CORP, "x") is None
            store.save(CORP, token("a"))
            store.save_registration(CORP, CLIENT)
            for _ in range(2):
                store.forget(CORP)

    def test_a_client_secret_that_others_may_read_is_tightened_by_the_next_renewal(
        self, store, tmp_path
    ):
        store.save_registration(CORP, CLIENT)
        path = Path(dict(map(reversed, store.list_files(CORP)))["client registration"])
        path.chmod(0o666)
        with store.reserve_space_for_token(CORP):
            assert path.stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize(
        "saved", [token("a"), token("a", expires_at=1), AccessToken(Secret("a"), NOON, None, None)]
    )
    def test_a_token_is_returned_as_saved(self, store, other_process, saved):
        store.save(CORP, saved)
        assert other_process.load(CORP) == saved

    def test_two_sessions_at_one_portal_never_mix(self, store):
        store.save(CORP, token("a"))
        assert store.load(OTHER) is None
        store.save(OTHER, token("b"))
        assert (store.load(CORP), store.load(OTHER)) == (token("a"), token("b"))
        store.forget(CORP)
        assert (store.load(CORP), store.load(OTHER)) == (None, token("b"))

    @pytest.mark.parametrize(
        "changed", [{"region": "us-east-1"}, {"start_url": "https://d-1.awsapps.com/start"}]
    )
    def test_a_changed_portal_has_no_token(self, store, changed):
        store.save(CORP, token("a"))
        assert store.load(CORP._replace(**changed)) is None

    def renew(self, store, used: AccessToken, fresh: AccessToken) -> AccessToken:
        with store.reserve_space_for_token(CORP) as reservation:
            return store.save_renewed_token(CORP, used, fresh, reservation)

    def test_a_refresh_replaces_the_token_it_began_with(self, store):
        store.save(CORP, token("a", NOON + 100))
        # An answer with a shorter life is still the newer one: no other tool has written.
        assert self.renew(store, token("a", NOON + 100), token("b", NOON + 50)).value == Secret("b")
        assert store.load(CORP) == token("b", NOON + 50)

    @pytest.mark.parametrize("ends_later", [200, 50])
    def test_a_refresh_never_replaces_a_token_that_another_tool_wrote_meanwhile(
        self, store, other_process, ends_later
    ):
        """Whichever of the two expires later: another user may have signed in with it."""
        store.save(CORP, token("a"))
        theirs = token("theirs", NOON + ends_later, "refresh-theirs")
        other_process.save(CORP, theirs)
        assert self.renew(store, token("a"), token("ours", NOON + 100)) == theirs
        assert store.load(CORP) == theirs

    @pytest.mark.parametrize("theirs", [token("theirs"), None])
    def test_a_refresh_replaces_no_sign_in_at_another_portal_and_undoes_no_sign_out(
        self, store, other_process, theirs
    ):
        store.save(CORP, token("a"))
        moved = CORP._replace(region="us-east-1")
        if theirs is None:
            other_process.forget(CORP)
        else:
            other_process.save(moved, theirs)
        with pytest.raises(LoginRequired, match="signed out meanwhile"):
            self.renew(store, token("a"), token("b"))
        assert (store.load(moved), store.load(CORP)) == (theirs, None)

    def test_another_process_reads_what_was_saved_and_the_fingerprint_changes_with_the_token(
        self, store, other_process
    ):
        other_process.save(CORP, token("other-person", NOON + 1000))
        store.save(CORP, token("person", NOON + 10))
        assert other_process.load(CORP) == token("person", NOON + 10)
        facts = SignInFacts(signed_in_at=NOON, token_ids=("1", "2"))
        store.save_facts("corp", facts)
        assert other_process.load_facts("corp") == facts
        store.save(CORP, token("a"))
        first = store.read_token_file_fingerprint(CORP)
        assert first == store.read_token_file_fingerprint(CORP) != ""
        store.save(CORP, token("b"))
        assert store.read_token_file_fingerprint(CORP) not in ("", first)

    def test_registrations_are_separate_by_grant_and_session(self, store, other_process):
        code, device_code = "authorization_code", "urn:ietf:params:oauth:grant-type:device_code"
        pkce = CLIENT._replace(grant_types=(code, "refresh_token"), scopes=SCOPES)
        store.save_registration(CORP, pkce)
        assert other_process.load_registration(CORP, code) == pkce
        assert store.load_registration(CORP, device_code) is None
        assert store.load_registration(OTHER, code) is None
        device = CLIENT._replace(scopes=SCOPES)
        store.save_registration(CORP, device)
        assert store.load_registration(CORP, code) is None
        assert store.load_registration(CORP, device_code) == device

    def test_each_session_has_its_own_lock_in_the_folder_of_tokens(self, store, other_process):
        folder = Path(store.token_file(CORP)).parent
        assert not folder.exists()
        with store.lock_token(CORP, soon()) as is_held:
            assert is_held
            assert folder.is_dir()
            with pytest.raises(LockNotObtained), other_process.lock_token(CORP, soon(0)):
                pass
            with (
                other_process.lock_token(OTHER, soon(0)),
                other_process.lock_sign_in("corp", soon(0)),
            ):
                pass

    @pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "-a", "a" * 65, "a\nb", "ä"])
    def test_a_session_name_that_is_a_path_is_refused(self, store, name):
        for call in (store.load_facts, lambda name: store.load(CORP._replace(name=name))):
            with pytest.raises(ConfigInvalid):
                call(name)


def make_files(folder: Path) -> TokenFiles:
    return TokenFiles(folder / "cache", state=folder / "state", runtime=folder / "run")


class TestTokenFiles(TokenStoreContract):
    def make(self, folder):
        return make_files(folder)

    @pytest.fixture
    def path(self, tmp_path) -> Path:
        (tmp_path / "cache").mkdir()
        return tmp_path / "cache" / f"{hashlib.sha1(b'corp').hexdigest()}.json"

    @pytest.fixture
    def few_reads(self, monkeypatch):
        monkeypatch.setattr(token_cache, "_MOST_READS", 1)

    def test_botocore_finds_and_reads_what_we_write(self, store, path):
        store.save(CORP, token("CNRY-a", NOON + 10**9))
        assert "CNRY" not in repr(store.load(CORP)) + repr(vars(store))
        assert path.exists()
        assert path.stat().st_mode & 0o777 == 0o600
        found = JSONFileCache(str(path.parent))[path.stem]
        assert found["accessToken"] == "CNRY-a"
        assert found["expiresAt"] == to_iso(NOON + 10**9)
        needed = {"clientId", "clientSecret", "registrationExpiresAt", "refreshToken"}
        assert needed | {"startUrl", "region"} <= set(found)

    @pytest.mark.parametrize(
        ("scopes", "canonical"),
        [((), "null"), (("sso:account:access",), '["sso:account:access"]')],
    )
    def test_a_registration_has_the_aws_clis_name(self, store, path, scopes, canonical):
        session = SsoSession("corp", "https://x.awsapps.com/start", "us-east-1", scopes)
        store.save_registration(session, CLIENT)
        text = (
            f'{{"region": "us-east-1", "scopes": {canonical}, "session_name": "corp", '
            '"startUrl": "https://x.awsapps.com/start", "tool": "botocore"}'
        )
        name = hashlib.sha1(text.encode()).hexdigest()
        found = json.loads((path.parent / f"{name}.json").read_text())
        assert set(found) == {"clientId", "clientSecret", "expiresAt"}

    @pytest.mark.parametrize(
        "document",
        [
            {},
            {"accessToken": "a\r\nx-evil: 1", "expiresAt": to_iso(NOON)},
            {"accessToken": "a", "expiresAt": NOON},
            {"accessToken": "a", "expiresAt": to_iso(NOON), "startUrl": 3},
            {"accessToken": "a", "expiresAt": to_iso(NOON), "region": ["eu-west-1"]},
            {"clientId": "c", "clientSecret": "s", "expiresAt": to_iso(NOON)},
        ],
    )
    def test_an_object_other_than_a_token_counts_as_signed_out(self, store, path, document):
        path.write_text(json.dumps(document))
        assert store.load(CORP) is None

    def test_a_refresh_keeps_the_keys_of_other_tools_and_a_sign_in_does_not(self, store, path):
        assert store.list_files(CORP) == []
        store.save(CORP, token("a"))
        assert store.list_files(CORP) == [(str(path), "token")]
        path.write_text(json.dumps({**json.loads(path.read_text()), "theirs": 1}))
        self.renew(store, token("a"), token("b"))
        assert json.loads(path.read_text())["theirs"] == 1
        store.save(CORP, token("c"))
        assert "theirs" not in json.loads(path.read_text())

    def test_a_file_cut_at_any_byte_raises_and_never_counts_as_signed_out(
        self, store, path, few_reads
    ):
        store.save(CORP, token("a"))
        whole = path.read_bytes()
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            with pytest.raises(LoginRequired, match=path.name):
                store.load(CORP)
        path.write_bytes(whole)
        assert store.load(CORP) == token("a")

    def test_two_objects_in_one_file_count_as_damage(self, store, path, few_reads):
        path.write_text('{"accessToken": "a"}}')
        with pytest.raises(LoginRequired, match="damaged"):
            store.load(CORP)
        # A new sign-in replaces the damaged token.
        store.save(CORP, token("b"))
        assert store.load(CORP) == token("b")

    def test_flipped_bits_raise_only_our_own_errors(self, store, path, few_reads):
        chance = random.Random(1)
        store.save(CORP, token("a"))
        whole = path.read_bytes()
        for _ in range(400):
            damaged = bytearray(whole)
            damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
            path.write_bytes(damaged)
            with contextlib.suppress(LoginRequired):
                store.load(CORP)

    def test_a_tool_that_writes_in_place_never_signs_us_out(self, store, path, monkeypatch):
        store.save(CORP, token("a"))
        code = (
            "import sys, os, time\n"
            "path = sys.argv[1]; whole = open(path, 'rb').read(); print('on', flush=True)\n"
            "while True:\n"
            "    f = os.open(path, os.O_WRONLY); os.ftruncate(f, 0)\n"
            # For long enough that a reader meets the half file where writing takes no time, in memory.
            "    os.write(f, whole[:200]); time.sleep(0.0005); os.write(f, whole[200:]); os.close(f)\n"
            "    time.sleep(0.002)\n"
        )
        torn = 0
        parsed_object = files.parse_json_object

        def counted(content: bytes):
            nonlocal torn
            found = parsed_object(content)
            torn += found is None
            return found

        monkeypatch.setattr(files, "parse_json_object", counted)
        writer = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE)
        try:
            assert writer.stdout
            writer.stdout.readline()
            reads = 0
            while reads < 40 or (torn < 20 and reads < 20_000):
                assert store.load(CORP) == token("a")
                reads += 1
        finally:
            writer.kill()
            writer.communicate()
        assert torn >= 20, "the writer never showed half a file: this test tests nothing"

    def test_a_link_and_a_fifo_are_refused_and_a_mode_is_set_to_0600(self, store, path, tmp_path):
        precious = tmp_path / "precious"
        precious.write_text("precious")
        path.symlink_to(precious)
        for call in (store.load, lambda session: store.save(session, token("a"))):
            with pytest.raises(LocalState, match=path.name):
                call(CORP)
        path.unlink()
        os.mkfifo(path)
        with pytest.raises(LocalState, match=path.name):
            store.load(CORP)
        path.unlink()
        store.save(CORP, token("a"))
        path.chmod(0o644)
        assert store.load(CORP) == token("a")
        assert path.stat().st_mode & 0o777 == 0o600
        assert precious.read_text() == "precious"

    def test_the_folder_of_other_tools_is_not_searched_and_keeps_its_mode(
        self, store, path, monkeypatch
    ):
        path.parent.chmod(0o755)
        store.save(CORP, token("a"))

        def scan(*_):
            raise OSError(errno.EIO, "searched")

        monkeypatch.setattr(os, "listdir", scan)
        monkeypatch.setattr(os, "scandir", scan)
        assert store.load(CORP) == token("a")
        store.save(CORP, token("b"))
        assert path.parent.stat().st_mode & 0o777 == 0o755

    def test_a_damaged_registration_counts_as_missing_and_is_named_in_the_log(
        self, store, tmp_path, caplog
    ):
        store.save_registration(CORP, CLIENT)
        [path] = (tmp_path / "cache").glob("*.json")
        path.write_text(path.read_text().replace('"client-1"', "7"))
        with caplog.at_level("INFO"):
            assert store.load_registration(CORP, "device_code") is None
        assert f'"{path}" is damaged' in caplog.text

    def test_the_lock_of_a_renewal_is_beside_the_token_file(self, store, path, tmp_path):
        """Hosts and containers that share a home folder, each with its own /run, renew once."""
        elsewhere = TokenFiles(tmp_path / "cache", state=tmp_path / "s2", runtime=tmp_path / "r2")
        with store.lock_token(CORP, soon()):
            with pytest.raises(LockNotObtained), elsewhere.lock_token(CORP, soon(0)):
                pass
            with elsewhere.lock_token(OTHER, soon(0)), elsewhere.lock_state("corp", soon(0)):
                pass
        assert (path.parent / f".{path.stem}.lock").exists()

    def test_where_the_token_folder_cannot_be_written_the_lock_is_in_the_runtime_folder(
        self, store, path, tmp_path, monkeypatch
    ):
        # Root may write anywhere, so the system's answer is what the test says.
        monkeypatch.setattr(os, "access", lambda *_: False)
        with (
            store.lock_token(CORP, soon()),
            pytest.raises(LockNotObtained),
            store.lock_token(CORP, soon(0)),
        ):
            pass
        assert list(path.parent.iterdir()) == []
