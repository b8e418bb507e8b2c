"""Replies and errors as bytes: decoding returns what was encoded."""

import pytest

from ssohelper import errors
from ssohelper.broker import wording
from ssohelper.broker.requests import Reply, Wait
from ssohelper.errors import AnswerLost, BadAnswer, LoginRequired, SsoHelperError, Throttled
from ssohelper.fastpath import broker_client

CLASSES = [
    found
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, SsoHelperError)
]


def encode_and_decode(reply: Reply) -> Reply:
    data = wording.encode_reply(reply)
    head, _, rest = data.partition(b"\n")
    name, code, size, more = head.split()
    assert name == b"done"
    assert len(rest) == int(size) + int(more)
    return wording.decode_reply(int(code), rest[: int(size)], rest[int(size) :])


def test_a_document_comes_back_with_its_warnings():
    reply = Reply(b'{"Version":1}\n', warnings=("one", "zwei, drei ü"))
    assert encode_and_decode(reply) == reply
    assert encode_and_decode(Reply(b"x\n")) == Reply(b"x\n")


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("hint", [None, "sign in with: ssohelper login corp"])
def test_an_error_keeps_its_class_message_and_hint(kind, hint):
    error = kind("what happened", hint=hint)
    found = encode_and_decode(Reply(error=error, warnings=("also",)))
    assert type(found.error) is kind
    assert (found.error.message, found.error.hint) == ("what happened", error.hint)
    assert found.exit_code == found.error.exit_code == kind.exit_code
    assert (found.warnings, found.document) == (("also",), b"")


@pytest.mark.parametrize("seconds", [None, 0.0, 2.5, 8.0])
def test_retry_after_comes_back(seconds):
    found = encode_and_decode(Reply(error=Throttled("429", retry_after_seconds=seconds)))
    assert isinstance(found.error, Throttled)
    assert found.error.retry_after_seconds == seconds


def test_an_unknown_error_class_becomes_an_internal_error():
    class Newer(SsoHelperError):
        exit_code = 77

    found = encode_and_decode(Reply(error=Newer("what happened")))
    assert type(found.error) is SsoHelperError
    assert found.error.message == "what happened"


def test_a_separator_in_a_message_shifts_no_field_and_invalid_unicode_is_escaped():
    error = BadAnswer("a\x1fb \udcff", hint="c\x1fd")
    found = encode_and_decode(Reply(error=error, warnings=("e\x1ff",)))
    assert (found.error.message, found.error.hint) == ("a b \\udcff", "c d")
    assert found.warnings == ("e f",)


def test_the_fields_are_at_the_positions_that_a_caller_reads():
    error = SsoHelperError("what\x1b[2J happened\nthere", hint="do that")
    rest = wording.encode_reply(Reply(error=error, warnings=("also",))).partition(b"\n")[2]
    fields = rest.split(broker_client.SEPARATOR)
    line = fields[broker_client.LINE]
    assert line + b"\n" == wording.error_as_one_line(error)
    assert line.startswith(b"ssohelper: error: what")
    assert not set(b"\x1b\n") & set(line)
    assert fields[broker_client.WAIT_SECONDS] == b"0"
    assert fields[broker_client.WAIT_LINE + 1 :] == [b"also"]


def test_how_to_wait_for_a_sign_in_comes_back():
    wait = Wait(43200, "/home/ana/.aws/sso/cache/x.json", "waiting for: ssohelper login corp")
    reply = Reply(error=LoginRequired("expired", hint="sign in"), warnings=("also",), wait=wait)
    found = encode_and_decode(reply)
    assert (found.wait, found.warnings) == (wait, ("also",))


class TestReports:
    @pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
    def test_an_error_of_a_renewal_comes_back(self, kind):
        sent = wording.encode_renewal_outcome(kind("what", hint="do"))
        found = wording.decode_renewal_outcome(sent)
        assert (type(found), found.message, found.hint) == (kind, "what", "do")

    def test_success_is_none_and_no_report_is_a_lost_answer(self):
        assert wording.decode_renewal_outcome(wording.encode_renewal_outcome(None)) is None
        assert type(wording.decode_renewal_outcome(b"")) is AnswerLost
