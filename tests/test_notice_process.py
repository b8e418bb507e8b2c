"""The process that runs the user's `notify` command. Its time limit: tests/system/test_notify.py."""

from tests.conftest import Home, Run


def test_without_a_program_it_is_exit_2(run: Run) -> None:
    done = run("notice-process")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_a_program_that_is_gone_or_cannot_run_is_no_error(run: Run, home: Home) -> None:
    """The user has no terminal there: `ssohelper` says it where the notice is started."""
    plain = home.path / "plain.txt"
    plain.write_text("no program")
    for program in (home.path / "gone", plain, home.path):
        done = run("notice-process", str(program), "the sign-in ends soon")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), program


def test_it_waits_for_the_program_and_passes_the_message_on_as_it_is(run: Run, home: Home) -> None:
    shown = home.path / "shown"
    program = home.path / "show"
    # Without our streams, for whose end `run` would wait too.
    lines = ["#!/bin/sh", "exec >/dev/null 2>&1", "sleep 0.3", f'printf "%s" "$1" >{shown}', ""]
    program.write_text("\n".join(lines))
    program.chmod(0o755)
    message = 'it\'s "$(id)"; `id`'
    assert run("notice-process", str(program), message).returncode == 0
    assert shown.read_text() == message
