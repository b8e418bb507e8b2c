"""The keys of a question that shows lines: they scroll while an answer has the focus."""

from textual.widgets import Button

from ssohelper.actions import guards
from ssohelper.errors import Refused
from ssohelper.tui.screens.ask import AskScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.widgets.lines import Line, LineView
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome, until

LINES: list[Line] = [[(f"+ profile {number}", "")] for number in range(100)]


def test_the_diff_scrolls_without_going_to_it(world: DemoHome) -> None:
    answers: list[bool | None] = []

    async def scenario(user: User) -> None:
        user.app.push_screen(ConfirmScreen("write?", lines=LINES), answers.append)
        await user.wait_for_text("+ profile 0 ", "page down, ↓, j: more")
        view = user.app.screen.query_one(LineView)
        for key, at in (("down", 1), ("j", 2), ("k", 1), ("up", 0), ("pagedown", 1), ("home", 0)):
            await user.press(key)
            if key == "pagedown":
                await until(lambda: view.scroll_y > 5)
            else:
                await until(lambda at=at: view.scroll_y == at)
        await user.press("end")
        await user.wait_for_text("+ profile 99")
        await user.press("g")
        await user.wait_for_text("+ profile 0 ")
        assert isinstance(user.app.focused, Button)
        await user.press("tab")
        assert user.app.focused is view
        await user.press("y")

    run_scenario(world.app(), scenario)
    assert answers == [True]


def test_on_12_lines_the_refusal_of_a_word_is_seen_whole(world: DemoHome) -> None:
    def refuse(_word: str) -> None:
        raise Refused(guards.WRONG_WORD)

    notice = (
        'the rule "*/DatabaseAdmin" guards the role DatabaseAdmin in the account "payments-prod" '
        "(000030000001)"
    )
    question = "type the account's name (payments-prod) to go on"

    async def scenario(user: User) -> None:
        user.app.push_screen(AskScreen(f"{notice}\n{question}", "", "command", refuse))
        await user.press(*"payment", "enter")
        await user.wait_for_text("✗ the typed word", "requested one", "payment ")

    run_scenario(world.app(), scenario, size=(40, 12))


def test_the_buttons_do_what_their_keys_do(world: DemoHome) -> None:
    answers: list[bool | None] = []
    other: list[Line] = [[("one summary", "")]]

    async def scenario(user: User) -> None:
        screen = ConfirmScreen("write?", lines=LINES[:2], other=other, can_choose=True)
        user.app.push_screen(screen, answers.append)
        await user.wait_for_text("+ profile 1 ")
        await user.pilot.click("#diff")
        await user.wait_for_text("one summary")
        assert "+ profile 1 " not in user.screen
        # A button ignores clicks while it looks pressed, 0.2 s long.
        await until(lambda: not screen.query_one("#diff").has_class("-active"))
        await user.pilot.click("#diff")
        await user.wait_for_text("+ profile 1 ")
        await user.pilot.click("#choose")
        await until(lambda: answers)
        assert screen.wants_choice
        # A question without lines has none to scroll.
        user.app.push_screen(ConfirmScreen("leave?"), answers.append)
        await user.wait_for_text("leave?")
        await user.press("down", "pagedown", "end")
        await user.pilot.click("#no")
        await until(lambda: len(answers) == 2)

    run_scenario(world.app(), scenario)
    assert answers == [False, False]
