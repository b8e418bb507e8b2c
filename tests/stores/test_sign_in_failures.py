"""The failure of a sign-in is known to other processes for 30 s."""

import pytest

from ssohelper import errors
from ssohelper.stores.sign_in_failures import SignInFailures

NOON = 1_767_268_800
DENIED = errors.RoleNotAssigned("no access", hint="list them with: ssohelper list")


@pytest.fixture
def failures(tmp_path) -> SignInFailures:
    return SignInFailures(tmp_path / "run")


def test_class_message_and_hint_come_back_in_another_process(failures, tmp_path):
    failures.save("corp", DENIED, NOON)
    found = SignInFailures(tmp_path / "run").load("corp", NOON + 29)
    assert type(found) is errors.RoleNotAssigned
    assert (found.message, found.hint, found.exit_code) == (DENIED.message, DENIED.hint, 5)


@pytest.mark.parametrize(
    ("session_name", "at"), [("corp", NOON + 30), ("corp", NOON - 3600), ("other", NOON)]
)
def test_a_failed_sign_in_is_not_reported_later_or_for_another_session(failures, session_name, at):
    failures.save("corp", DENIED, NOON)
    assert failures.load(session_name, at) is None


def test_it_can_be_forgotten(failures):
    failures.save("corp", DENIED, NOON)
    failures.forget("corp")
    failures.forget("corp")
    assert failures.load("corp", NOON) is None


def test_how_long_to_wait_comes_back(failures):
    failures.save("corp", errors.Throttled("slow", retry_after_seconds=7), NOON)
    found = failures.load("corp", NOON)
    assert isinstance(found, errors.Throttled)
    assert found.retry_after_seconds == 7


def test_a_hostile_session_name_is_no_path(failures, tmp_path):
    with pytest.raises(errors.ConfigInvalid):
        failures.save("../../x\0\n/y", DENIED, NOON)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_holds_no_failure(failures, tmp_path):
    failures.save("corp", DENIED, NOON)
    (path,) = tmp_path.rglob("sign-in-failure.json")
    whole = path.read_text()
    for text in (*(whole[:length] for length in range(len(whole))), '{"at": 1, "error": 3}'):
        path.write_text(text)
        assert failures.load("corp", NOON) is None
    path.write_text(whole.replace("RoleNotAssigned", "SystemExit"))
    assert type(failures.load("corp", NOON)) is errors.SsoHelperError


@pytest.mark.parametrize(
    ("ago", "is_known"), [(-6, False), (-5, True), (0, True), (29, True), (30, False)]
)
def test_a_clock_that_was_set_back_by_5_s_at_most_counts(failures, ago, is_known):
    failures.save("corp", DENIED, NOON)
    assert (failures.load("corp", NOON + ago) is not None) == is_known
