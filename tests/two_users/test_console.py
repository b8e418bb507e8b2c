"""Another user cannot take the console session that the victim's browser is sent to."""

import signal
from collections.abc import Iterator

import pytest

from tests.programs import run_program
from tests.two_users.conftest import ADDRESSES, HUNG_UP, User, visit, wait_for


class Console:
    """A `console` that waits for its browser, which has only noted the address."""

    def __init__(self, victim: User) -> None:
        notes = victim.home.browser(visits=False)
        victim.give(victim.home.path)
        self.running = victim.start("console", "job")
        wait_for(lambda: notes.exists() and notes.read_text().endswith("\n"))
        self.address = notes.read_text().strip()


@pytest.fixture
def console(signed_in) -> Iterator[Console]:
    running = Console(signed_in)
    yield running
    running.running.ends(signal.SIGKILL)


@pytest.mark.parametrize("via", ADDRESSES)
def test_another_user_gets_nothing_with_the_right_address(console, signed_in, attacker, via):
    assert visit(attacker, console.address, via=via) in HUNG_UP
    # The user of a client that hangs up at once is unknown.
    for _ in range(20):
        visit(attacker, console.address, via=via, then="close")
    assert "Location: " in visit(signed_in, console.address, via=via)
    assert console.running.ends() == 0


def test_root_is_let_in(console):
    done = run_program(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", console.address], check=True)  # fmt: skip
    assert done.stdout == "302"
    assert console.running.ends() == 0


def test_when_another_user_alone_came_it_says_so(console, signed_in, attacker):
    visit(attacker, console.address)
    assert console.running.ends() == 7
    said = console.running.said
    assert (
        "a process of another or an unknown user opened the sign-in's address, and was refused"
        in said
    )
