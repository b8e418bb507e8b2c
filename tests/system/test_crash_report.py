"""What an internal error prints and logs."""

from pathlib import Path

import pytest

from ssohelper.system import crash_report


@pytest.mark.parametrize("said", [{"SSOHELPER_HOME": "own"}, {"HOME": "relative"}])
def test_an_internal_error_without_a_place_for_its_log_is_one_line(said, monkeypatch, capfd):
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    assert crash_report.report_crash(KeyError("x"), None) == 1
    assert capfd.readouterr().err.count("\n") == 1


@pytest.fixture
def crashes(tmp_path, monkeypatch) -> Path:
    """The folder of the logs, in a home of the test's own."""
    monkeypatch.setenv("SSOHELPER_HOME", str(tmp_path))
    return tmp_path / "state" / "crashes"


def fail_with_a_secret() -> None:
    try:
        raise KeyError("CNRY-inner")
    except KeyError as cause:
        raise RuntimeError("CNRY-outer") from cause


def test_the_log_names_code_and_no_value_of_the_error_or_of_its_cause(crashes, capfd):
    with pytest.raises(RuntimeError) as caught:
        fail_with_a_secret()
    assert crash_report.report_crash(caught.value, caught.tb) == 1
    [log] = crashes.iterdir()
    line = f"ssohelper: error: internal error (RuntimeError) — log: {log}\n"
    assert capfd.readouterr().err == line
    text = log.read_text()
    assert "CNRY" not in text
    assert text.count(":fail_with_a_secret") == 2
    kinds = [line for line in text.splitlines()[1:] if line[0] != " "]
    assert kinds == ["builtins.RuntimeError", "builtins.KeyError"]
    assert (log.stat().st_mode & 0o777, crashes.stat().st_mode & 0o777) == (0o600, 0o700)


def test_an_error_that_is_its_own_cause_is_logged_once(crashes):
    one, other = ValueError("x"), TypeError("y")
    one.__cause__, other.__cause__ = other, one
    crash_report.log_crash(one, None)
    [log] = crashes.iterdir()
    assert log.read_text().splitlines()[1:] == ["builtins.ValueError", "builtins.TypeError"]


def test_the_last_20_logs_are_kept(crashes):
    crashes.mkdir(parents=True)
    for number in range(25):
        (crashes / f"20200101T0000{number:02}Z-1-a.log").touch()
    for _ in range(2):
        crash_report.log_crash(ValueError("x"), None)
    kept = sorted(path.name[:4] for path in crashes.iterdir())
    assert len(kept) == 20
    assert kept.count("2020") == 18
    assert (crashes / "20200101T000024Z-1-a.log").exists()
