"""The question before guard rules end, and what the journal says of a refusal."""

import pytest

from ssohelper.actions import selection
from ssohelper.actions.flows import setting_change
from ssohelper.actions.flows.dialogue import NoTerminal
from ssohelper.cli import guarding
from ssohelper.cli.terminal_dialogue import TerminalDialogue
from ssohelper.errors import Refused, UsageProblem
from tests.actions.test_guards import RULE, GuardedApp
from tests.actions.world import KEY


@pytest.mark.parametrize(
    ("answer", "raised"),
    [(Refused("another word"), Refused), (NoTerminal("no terminal"), UsageProblem)],
)
def test_rules_that_the_user_does_not_end_are_a_line_in_the_journal(
    tmp_path, monkeypatch, answer, raised
):
    app = GuardedApp(tmp_path)

    def refuse(*_: object) -> None:
        raise answer

    monkeypatch.setattr(TerminalDialogue, "type_word", refuse)
    assert setting_change.confirm_rules_end(app, TerminalDialogue(), [RULE]) == []
    assert app.journal.read().lines == []
    with pytest.raises(raised):
        setting_change.confirm_rules_end(app, TerminalDialogue(), [])
    [line] = app.journal.read().lines
    assert (line.event, line.fields["what"]) == ("refused", "loosen guard rules")


def test_a_reason_for_a_role_without_a_rule_is_a_warning_and_grants_nothing(tmp_path):
    app = GuardedApp(tmp_path)
    app.set_rules("*/Other")
    profile = selection.resolve_profile(app, f"{KEY.account_id}/{KEY.role_name}", None)
    guarding.grant_role_for_reason(app, profile, "INC-4711")
    assert app.warnings == ["no guard rule matches this role, so your reason is not recorded"]
    assert app.grants.list_for_all_terminals() == []
