"""Handlers of signals for a while."""

import os
import signal

from ssohelper.system.signals import handle_signals, leave_signals_to_child


def test_ctrl_c_is_left_to_the_child() -> None:
    before = signal.getsignal(signal.SIGINT)
    with leave_signals_to_child():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_ignored_signal_stays_ignored() -> None:
    got: list[int] = []
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with handle_signals(("SIGHUP", "SIGTERM", "SIGNONE"), lambda number, _: got.append(number)):
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert got == [signal.SIGTERM]
