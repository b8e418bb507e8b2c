"""A function that is called once after some time: also if the process did not run meanwhile."""

import asyncio
import time

from textual.app import App as TextualApp

from ssohelper.tui.one_time_timers import call_after
from tests.tui.world import until


def test_it_is_called_once_also_if_the_process_did_not_run_meanwhile() -> None:
    app, called = TextualApp[None](), []

    async def scenario() -> None:
        async with app.run_test():
            call_after(app, 0.01, lambda: called.append("late"))
            call_after(app, 0.03, lambda: called.append("cancelled")).cancel()
            time.sleep(0.05)  # the process does not run for longer than that
            call_after(app, 0.01, lambda: called.append("next"))
            await until(lambda: len(called) >= 2)
            assert called == ["late", "next"]

    asyncio.run(scenario())
    assert called == ["late", "next"]
