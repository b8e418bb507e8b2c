"""A guarded role in real terminals: refused without a grant, handed out while one lasts."""

import re

import pytest

from tests.conftest import SCRIPT
from tests.guards.ways import key_of
from tests.guards.world import FREE, GUARDED, KEY, LAUNCHER, NAME, has_secret

ASK = " ".join([LAUNCHER, *KEY])


def test_without_a_grant_the_launcher_gives_exit_9_and_says_what_to_type(guarded):
    done = guarded.run(LAUNCHER, *KEY)
    assert (done.returncode, done.stdout) == (9, "")
    assert f"ssohelper guard grant corp:000030000001/{GUARDED}" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert guarded.events() == ["refused"]
    assert guarded.published() == []
    # A role that no rule names needs no grant.
    assert guarded.run(LAUNCHER, *key_of(FREE)).returncode == 0
    assert guarded.published() == [FREE]


def test_a_grant_counts_in_its_terminal_and_nowhere_else(guarded):
    here, other = guarded.open_terminal(), guarded.open_terminal()
    grant = f'{SCRIPT} guard grant corp:{NAME}/{GUARDED} --reason "INC 4711"'
    code, shown = here.run(grant, NAME)
    assert code == 0, shown
    assert "granted in this terminal for 30m" in shown
    for _ in range(2):  # the first call asks AWS, the second reads the cache
        code, shown = here.run(ASK)
        assert (code, has_secret(shown)) == (0, True), shown
    apart = f"setsid -w {ASK}"
    for code, shown in (other.run(ASK), other.run(apart), here.run(apart)):
        assert (code, has_secret(shown)) == (9, False), shown
    assert guarded.published() == []
    assert guarded.events()[:4] == ["grant", "release", "issue", "release"]
    assert here.run(f"{SCRIPT} guard revoke --all")[0] == 0
    code, shown = here.run(ASK)
    assert (code, has_secret(shown)) == (9, False)


@pytest.mark.long
def test_the_prompt_of_this_terminal_alone_shows_the_grant(guarded):
    text = guarded.home.config_file.read_text()
    line = " ".join([LAUNCHER, *KEY])
    guarded.home.write_config(f"{text}[profile db]\ncredential_process = {line}\n")
    shown = {}
    here, other = guarded.open_terminal(), guarded.open_terminal()
    show = 'ssohelper_prompt; echo "is=$SSOHELPER_PROMPT_TEXT."'
    for terminal in (here, other):
        terminal.run(f'export AWS_PROFILE=db; eval "$({SCRIPT} shell-init bash)"')
        shown[terminal] = terminal.run(show)[1]
        assert "is=@@db " in shown[terminal]
        assert "grant" not in shown[terminal]
    grant = f"{SCRIPT} guard grant db --reason x --for"
    assert here.run(f"{grant} 20m", NAME)[0] == 0
    assert re.search(r"is=@@db grant (20|19)m\.", here.run(show)[1])
    assert "grant" not in other.run(show)[1]
    # Granting again extends it; the last ten minutes are marked.
    assert here.run(f"{SCRIPT} guard revoke db")[0] == 0
    assert "grant" not in here.run(show)[1].partition("is=")[2]
    assert here.run(f"{grant} 9m", NAME)[0] == 0
    assert re.search(r"is=@@db =grant (9|8)m=\.", here.run(show)[1])
    assert here.run(f"{grant} 50m", NAME)[0] == 0
    assert re.search(r"is=@@db grant (50|49)m\.", here.run(show)[1])
