"""A failure is shared for 30 s, per scope, and ends at once when the token file changes."""

import pytest

from ssohelper import errors
from ssohelper.stores.failures import FailureMemory

NOON = 1_767_268_800
DENIED = errors.RoleNotAssigned("no access", hint="list them with: ssohelper list")


@pytest.fixture
def memory(tmp_path) -> FailureMemory:
    return FailureMemory(tmp_path / "run")


def test_class_message_and_hint_come_back_in_another_process(memory, tmp_path):
    memory.remember("corp", "f1", DENIED, NOON)
    found = FailureMemory(tmp_path / "run").recall("corp", "f1", NOON + 29)
    assert type(found) is errors.RoleNotAssigned
    assert (found.message, found.hint, found.exit_code) == (DENIED.message, DENIED.hint, 5)


@pytest.mark.parametrize(
    ("scope", "fingerprint", "at"),
    [
        ("corp", "f1", NOON + 30),
        ("corp", "f1", NOON - 3600),
        ("corp", "f2", NOON),
        ("corp", "", NOON),
        ("other", "f1", NOON),
    ],
)
def test_it_is_not_recalled_later_elsewhere_or_after_a_sign_in(memory, scope, fingerprint, at):
    memory.remember("corp", "f1", DENIED, NOON)
    assert memory.recall(scope, fingerprint, at) is None


def test_it_can_be_forgotten(memory):
    memory.remember("corp", "f1", DENIED, NOON)
    memory.forget("corp")
    memory.forget("corp")
    assert memory.recall("corp", "f1", NOON) is None


@pytest.mark.parametrize("kind", [errors.LoginRequired, errors.TokenRejected, errors.BadAnswer])
def test_every_kind_comes_back_as_itself(memory, kind):
    memory.remember("corp", "", kind("said"), NOON)
    assert type(memory.recall("corp", "", NOON)) is kind


def test_how_long_to_wait_comes_back(memory):
    memory.remember("corp", "", errors.Throttled("slow", retry_after_seconds=7), NOON)
    found = memory.recall("corp", "", NOON)
    assert isinstance(found, errors.Throttled)
    assert found.retry_after_seconds == 7


def test_a_hostile_scope_is_no_path(memory, tmp_path):
    memory.remember("../../x\0\n/y", "f", DENIED, NOON)
    assert memory.recall("../../x\0\n/y", "f", NOON)
    outside = [path for path in tmp_path.rglob("*") if "run" not in path.parts]
    assert outside == []


def test_damage_is_no_failure(memory, tmp_path):
    memory.remember("corp", "f", DENIED, NOON)
    (path,) = (tmp_path / "run" / "failures").iterdir()
    whole = path.read_text()
    for text in (
        *(whole[:length] for length in range(len(whole))),
        whole.replace("RoleNotAssigned", "SystemExit"),
        whole.replace('"no access"', "3"),
    ):
        path.write_text(text)
        assert memory.recall("corp", "f", NOON) is None
