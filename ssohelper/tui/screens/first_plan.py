"""Lets actions of the Profiles screen wait until the screen has made its first plan."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, TypeVar

from ssohelper.tui.current_size import CurrentSizeScreen
from ssohelper.tui.typing_pause import KeyKind

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp

_Planned = TypeVar("_Planned", bound="FirstPlanScreen")


class FirstPlanScreen(CurrentSizeScreen[None]):
    """A screen that makes a plan when it is first shown.

    An action whose key is typed before that runs when the plan is made. The keys after it wait for
    its dialog; before a question they are dropped, since the user has not seen it.
    """

    app: DialogApp

    def __init__(self) -> None:
        super().__init__()
        self._waiting_act: Callable[[], object] | None = None
        self._waiting_name, self._asks = "", False

    @property
    def is_first_plan_awaited(self) -> bool:
        """Return whether the first plan is still being made: there is no plan, and no error."""
        raise NotImplementedError

    def wait_for_first_plan(self, name: str, act: Callable[[], object], *, asks: bool) -> None:
        """Run `act`, the method `action_NAME`, when the plan is made."""
        self._waiting_name, self._waiting_act, self._asks = name, act, asks
        self.app.hold_keys(cancelled=self._forget_waiting_action)

    def _forget_waiting_action(self, _is_leaving: bool) -> None:
        self._waiting_act = None

    async def on_screen_suspend(self) -> None:
        if self._waiting_act is not None:
            self._waiting_act = None
            await self.app.drop_keys()

    def run_waiting_action(self, *, is_planned: bool) -> None:
        """Run the action that waits for the plan.

        Without a plan, drop the action and later keys.
        """
        act, self._waiting_act = self._waiting_act, None
        if act is None:
            return
        if is_planned and self.check_action(self._waiting_name, ()):
            self.run_worker(self._run_before_waiting_keys(act))
        else:
            self.app.bell()
            self.app.call_later(self.app.drop_keys)

    async def _run_before_waiting_keys(self, act: Callable[[], object]) -> None:
        if self._asks:
            if self.app.has_held_keys:
                self.app.bell()
                self.app.typing_pause.begin(KeyKind.OTHER)
            await self.app.drop_keys()
        act()
        if not self._asks and not self.app.started.is_holding_keys:
            self.app.call_later(self.app.release_keys)


def after_first_plan(
    act: Callable[[_Planned], object], *, asks: bool = False
) -> Callable[[_Planned], None]:
    """Decorate an action so that it waits for the first plan if that is still being made."""

    @wraps(act)
    def act_or_wait(screen: _Planned) -> None:
        if screen.is_first_plan_awaited:
            name = act.__name__.removeprefix("action_")
            screen.wait_for_first_plan(name, lambda: act(screen), asks=asks)
        else:
            act(screen)

    return act_or_wait


# The decorator `after_first_plan` for actions that ask a question.
question_after_first_plan = partial(after_first_plan, asks=True)
