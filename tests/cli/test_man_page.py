"""The man page is the one of today's commands, and groff reads it without a warning."""

from tests import man_page
from tests.programs import require_program, run_program


def test_the_page_is_that_of_the_commands_of_today():
    assert man_page.PLACE.read_text() == man_page.page_text(), "run: make generated"


def test_every_command_has_a_section_and_groff_has_no_complaint():
    groff = require_program("groff")
    done = run_program([groff, "-man", "-ww", "-Tutf8", "-P-cbou", str(man_page.PLACE)], check=True)
    assert done.stderr == ""
    for words in ("ssohelper exec ", "ssohelper profile sync ", "ssohelper guard grant "):
        assert f"   {words}" in done.stdout
    assert "--reason TEXT" in done.stdout
