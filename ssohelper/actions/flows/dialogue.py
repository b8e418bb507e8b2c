"""What a flow says and asks. The terminal, the full screen and a script of a test implement it."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol

from ssohelper.errors import Refused


class NoTerminal(Refused):
    pass


class PlanShown(NamedTuple):
    """What would be done, as lines of which the last is the question, and its diff.

    If the question is the only line, the diff is shown at once, otherwise on request. With
    `can_choose`, the user may ask to leave parts out; the flow then shows another plan.
    """

    summary: Sequence[str]
    diff: Sequence[str]
    command: str
    default: bool = False
    can_choose: bool = False


def accept_all(_answer: str) -> None:
    pass


class Dialogue(Protocol):
    """Each method raises Interrupted (on the terminal: KeyboardInterrupt) once the user has cancelled.

    A flow holds no lock while it asks. After a yes it asks nothing before its write is done.
    """

    def say(self, text: str, command: str = "") -> None:
        """`command` does the same on the command line, where it is not shown."""

    def ask(
        self,
        question: str,
        default: str = "",
        check: Callable[[str], object] = accept_all,
        command: str = "",
    ) -> str:
        """Return the answer. If `check` raises an SsoHelperError, show that, and ask again.

        The question may have several lines.
        """

    def type_word(
        self, notice: str, question: str, check: Callable[[str], object], command: str = ""
    ) -> None:
        """Ask a person once for a word that `check` accepts, before a protection is loosened.

        The terminal asks whatever stdin is. Raises: what `check` raises; NoTerminal.
        """

    def show_plan(self, plan: PlanShown) -> Literal["y", "n", "c"]: ...


def agree(dialogue: Dialogue, plan: PlanShown) -> bool:
    is_agreed = dialogue.show_plan(plan) == "y"
    if not is_agreed:
        dialogue.say("nothing was changed")
    return is_agreed
