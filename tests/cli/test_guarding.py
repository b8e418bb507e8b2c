"""The question before guard rules end, and what the journal says of a refusal."""

from pathlib import Path

import pytest

from ssohelper.cli import guarding
from ssohelper.errors import Refused, SsoHelperError, UsageProblem
from tests.actions.test_guards import RULE, GuardedApp


@pytest.mark.parametrize(
    ("answer", "raised"),
    [(Refused("another word"), Refused), (guarding.NoTerminal("no terminal"), UsageProblem)],
)
def test_rules_that_the_user_does_not_end_are_a_line_in_the_journal(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: SsoHelperError,
    raised: type[SsoHelperError],
) -> None:
    app = GuardedApp(tmp_path)

    def refuse(*_: str) -> None:
        raise answer

    monkeypatch.setattr(guarding, "require_typed_word", refuse)
    assert guarding.confirm_end_of_guard_rules(app, [RULE]) == []
    assert app.journal.read().lines == []
    with pytest.raises(raised):
        guarding.confirm_end_of_guard_rules(app, [])
    [line] = app.journal.read().lines
    assert (line.event, line.fields["what"]) == ("refused", "loosen guard rules")
