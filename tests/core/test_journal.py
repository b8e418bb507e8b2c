"""Lines of the journal: what may be in one, and what a damaged one does."""

import json

import pytest

from ssohelper.core import journal
from ssohelper.core.journal import Entry
from ssohelper.core.model import RoleKey, Secret
from ssohelper.core.schema.fields import Damaged

KEY = RoleKey("corp", "001234567890", "Admin")
KEY_ID = "ASIAEXAMPLE000000001"
SECRET_KEY = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12"
HOSTILE = "\x00\x1b[31m\r\n\t\x7f\x85\u202e\u2028\ud800é\U0001f600"


def made(entry: Entry) -> bytes:
    return journal.make_line(entry, at_ms=1_764_185_781_023, uid=1000)


def entry(**more: object) -> Entry:
    fields = {"until": 1_764_189_381, "access_key_id": KEY_ID, "parent": "aws", "terminal": "pts/3"}
    return journal.make_entry("issue", KEY, **{**fields, **more})  # type: ignore[arg-type]


class TestLine:
    def test_a_journal_line_is_compact_json_in_a_fixed_order(self):
        assert made(entry(background=True, others=2)) == (
            b'{"v":1,"at":"2025-11-26T19:36:21.023Z",'
            b'"event":"issue","uid":1000,"session":"corp","account_id":"001234567890",'
            b'"role":"Admin","until":"2025-11-26T20:36:21Z","access_key_id":"ASIAEXAMPLE000000001",'
            b'"background":true,"parent":"aws","terminal":"pts/3","others":2}\n'
        )

    @pytest.mark.parametrize(
        "written",
        [
            entry(),
            journal.make_entry("sign-in", session="corp", how="browser", user="ana"),
            journal.make_entry("sign-out", session="corp", how="local", user=None),
            journal.make_entry("refused", KEY, way="exec", rule="corp:*/Admin", reason="INC-4711"),
            journal.make_entry("grant", KEY, reason="é", until=1_764_189_381, grant="g1"),
            journal.make_entry("revoke", KEY),
            journal.make_entry("release", KEY, way="env"),
            journal.make_entry("loosened", what="guard.rules", before='["*/Admin"]', after="[]"),
            journal.make_entry(
                "config-write", command="profile sync", file="/h", added=3, removed=0
            ),
        ],
        ids=lambda one: one.event,
    )
    def test_a_journal_line_is_read_back_as_it_was_written(self, written):
        read = journal.parse_line(made(written).rstrip())
        assert (read.event, read.fields) == (written.event, written.fields)
        assert read.uid == 1000
        assert read.at_seconds == 1_764_185_781

    @pytest.mark.parametrize("text", [HOSTILE, HOSTILE * 4000, "\U0001f600" * 5000, "\\" * 9000])
    def test_no_text_makes_it_long_or_brings_in_a_control_character(self, text):
        for written in (
            entry(parent=text[:4096], terminal=text[:4096]),
            journal.make_entry("sign-in", session="corp", how="browser", user=text),
            journal.make_entry("refused", KEY, reason=text, rule=text, grant=text),
            journal.make_entry("refused", KEY, (text[:99], text[:99]), reason=text),
            journal.make_entry("loosened", what=text, before=text, after=text),
            journal.make_entry(
                "config-write", command="config set", file=text, added=1 << 50, changed=0, removed=0
            ),
        ):
            line = made(written)
            assert len(line) <= journal.LONGEST_LINE_BYTES
            assert line.isascii()
            assert line.count(b"\n") == 1
            for value in journal.parse_line(line.rstrip()).fields.values():
                assert "\x1b" not in str(value)
                assert not any(ord(one) < 32 or 127 <= ord(one) < 160 for one in str(value))
                assert "\u202e" not in str(value)

    def test_a_text_is_cut_where_its_field_ends_and_nothing_before(self):
        text = "word " * 300
        reason = journal.make_entry("refused", KEY, reason=text).fields["reason"]
        what = journal.make_entry("refused", None, ("bash", "pts/3"), what=text).fields["what"]
        assert (reason, what) == (text[:1000], text[:200])
        loosened = journal.make_entry("loosened", what="guard.rules", before=text, after=text)
        assert (loosened.fields["before"], loosened.fields["after"]) == (text[:1000],) * 2
        arn = "arn:aws:iam::001234567890:role/" + "word/" * 300
        assert entry(role_arn=arn).fields["role_arn"] == arn[:700]
        # The limit counts what is left after a secret is hidden.
        hidden = journal.make_entry(
            "refused", None, ("", ""), what="A1b2" * 180 + " behind it"
        ).fields["what"]
        assert hidden.endswith(" behind it")
        assert "A1b2" not in hidden

    def test_the_longest_line_is_written_and_read_back_and_a_longer_one_is_not(self, monkeypatch):
        line = made(entry())
        monkeypatch.setattr(journal, "LONGEST_LINE_BYTES", len(line))
        assert journal.parse_line(made(entry())).uid == 1000
        monkeypatch.setattr(journal, "LONGEST_LINE_BYTES", len(line) - 1)
        with pytest.raises(Damaged):
            made(entry())
        with pytest.raises(Damaged):
            journal.parse_line(line)

    def test_names_of_processes_and_terminals_are_printable_and_short(self):
        found = journal.make_entry("refused", None, ("bash", "pts/3"), what="sign in")
        assert found.fields == {"what": "sign in", "parent": "bash", "terminal": "pts/3"}
        fields = entry(parent="a\tb\x1b[0mé" + "c" * 40, terminal="pts/\n3").fields
        assert fields["parent"] == "a?b?[0m?" + "c" * 24
        assert fields["terminal"] == "pts/?3"

    @pytest.mark.parametrize(
        "text",
        [
            f"key {SECRET_KEY} used",
            "aws_session_token=IQoJb3JpZ2luX2VjEAAaCXVzLWVhc3QtMSJHMEUCIQD",
            "aoaAAAAAGkw_xyzCNRY12345678901234567890",
            "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2ln",
        ],
    )
    def test_what_looks_like_a_secret_is_hidden_in_every_free_text(self, text):
        secret = max(text.replace("=", " ").split(), key=len)
        for written in (
            journal.make_entry("grant", KEY, reason=text, rule=text, grant=text),
            journal.make_entry("loosened", what=text, before=text, after=text),
            journal.make_entry("sign-in", session="corp", how="browser", user=text),
        ):
            assert secret not in made(written).decode()
            assert "(redacted)" in made(written).decode()

    @pytest.mark.parametrize("key_id", [SECRET_KEY, "", "ASIA\n" + "A" * 16, "asia" * 5, "A" * 33])
    def test_a_key_id_of_an_unknown_form_is_left_out(self, key_id):
        assert "access_key_id" not in entry(access_key_id=key_id).fields

    @pytest.mark.parametrize(
        ("event", "fields", "named"),
        [
            ("argv", {}, "event"),
            ("issue", {"argv": "aws s3 ls"}, "argv"),
            ("issue", {"reason": "x"}, "reason"),
            ("sign-in", {"session": "corp", "token": "x"}, "token"),
            ("sign-in", {"session": "../corp", "how": "browser"}, "session"),
            ("sign-in", {"session": "corp", "how": "a b"}, "how"),
            ("sign-in", {"session": "corp", "user": Secret("CNRY")}, "user"),
            ("release", {"role": "Admin\n"}, "role"),
            ("release", {"account_id": "12"}, "account_id"),
            ("release", {"until": "soon"}, "until"),
            ("release", {"way": "exec -- aws"}, "way"),
            ("issue", {"background": 1}, "background"),
            ("issue", {"others": -1}, "others"),
            ("issue", {"others": True}, "others"),
            ("config-write", {"command": "profile; rm"}, "command"),
        ],
    )
    def test_a_field_that_the_event_does_not_have_and_a_bad_value_are_refused(
        self, event, fields, named
    ):
        with pytest.raises(Damaged) as refused:
            journal.make_entry(event, **fields)  # type: ignore[arg-type]
        assert refused.value.field == named
        assert "CNRY" not in str(refused.value)

    @pytest.mark.parametrize(
        "change",
        [
            *({"v": 0}, {"v": None}, {"at": "yesterday"}, {"event": "\x1b"}, {"uid": -1}),
            {"uid": (1 << 53) + 1},  # other JSON readers would round it
        ],
    )
    def test_a_line_with_a_bad_head_is_damaged(self, change):
        found = json.loads(made(entry()))
        with pytest.raises(Damaged):
            journal.parse_line(json.dumps(found | change).encode())
        assert journal.parse_line(json.dumps(found | {"uid": 0}).encode()).uid == 0

    def test_other_bytes_and_a_line_that_is_too_long_or_not_ascii_are_damaged(self):
        found = json.loads(made(entry()))
        lines = [b"", b"{", b"[]", b"\x00" * 40, b'{"v":1}', b"[" * 4000]
        for more in ("x" * journal.LONGEST_LINE_BYTES, "é"):
            lines.append(json.dumps(found | {"more": more}, ensure_ascii=False).encode())
        for line in lines:
            with pytest.raises(Damaged):
                journal.parse_line(line)

    def test_a_later_versions_line_is_read_and_wrong_types_are_left_out(self):
        found = json.loads(made(entry())) | {"v": 2, "event": "new", "more": "x", "deep": {"a": 1}}
        found |= {"until": 5, "others": "many", "background": "yes"}
        read = journal.parse_line(json.dumps(found).encode())
        assert (read.event, read.fields["more"]) == ("new", "x")
        assert set(read.fields) & {"deep", "until", "others", "background"} == set()
