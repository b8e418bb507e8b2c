"""Handlers of signals for a while."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager


@contextmanager
def handle_signals(names: Sequence[str], handler: Callable[..., object]) -> Iterator[None]:
    """Call the handler at these signals, unless they are ignored, as below `nohup`."""
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    handled = [number for number in numbers if before[number] is not signal.SIG_IGN]
    for number in handled:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])


def leave_signals_to_child() -> AbstractContextManager[None]:
    """Do nothing at ctrl+c: only the child process reacts.

    The handler does nothing; a child would inherit SIG_IGN, and ignore the signal too.
    """
    return handle_signals(("SIGINT", "SIGQUIT"), lambda *_: None)
