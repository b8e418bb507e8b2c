"""Our lines in an rc file: removing them restores the file, whatever it contained."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssohelper.actions import install
from ssohelper.core import rc_text
from ssohelper.errors import ConfigInvalid

LINES = [
    '# Added by "ssohelper install"; remove it with: ssohelper install --uninstall',
    'eval "$(ssohelper shell-init bash)"',
    *rc_text.PROMPT_LINES["bash"],
]
SHELLS = install.SHELLS
PIECES = [
    *(b"x=1", b"\n", b"\r\n", b"\r", b"# >>> conda >>>\n", b"#", b"\xff\xfe", b"\x00", b" "),
    b"# <<<",
]
MARKS = (rc_text.BEGIN, rc_text.END)
RC = st.one_of(
    st.none(), st.binary(max_size=80), st.lists(st.sampled_from(PIECES)).map(b"".join)
).filter(lambda data: not any(mark in (data or b"") for mark in MARKS))


@settings(max_examples=500)
@given(RC)
@example(None)
@example(b"")
@example(b"\n")
@example(b"x")
@example(b"x\r\n")
@example(b"x\r")
def test_uninstalling_restores_the_file_to_the_byte(before):
    after = rc_text.rc_with_our_lines(before, LINES, "rc")
    assert rc_text.has_our_lines(after, "rc")
    assert rc_text.rc_with_our_lines(after, LINES, "rc") == after
    assert rc_text.rc_without_our_lines(after, "rc") == before


@settings(max_examples=300)
@given(RC, RC, RC)
def test_lines_around_our_lines_stay(before, above, below):
    after = rc_text.rc_with_our_lines(before, LINES, "rc")
    above, below = (above or b"") + b"\n", below or b""
    edited = above + after + below
    taken = rc_text.rc_without_our_lines(edited, "rc")
    had_no_end = before and not before.endswith(b"\n")
    between = b"\n" if had_no_end and below else b""
    rest = above + (before or b"") + between + below
    assert taken == (rest if before is not None or rest.strip() else None)


def test_new_lines_replace_earlier_ones_in_their_place():
    line = 'eval "$(/{}/ssohelper shell-init bash)"'
    before = rc_text.rc_with_our_lines(b"a", [line.format("old")], "rc") + b"b"
    after = rc_text.rc_with_our_lines(before, [line.format("new")], "rc")
    assert after == before.replace(b"/old/", b"/new/")
    assert rc_text.rc_without_our_lines(after, "rc") == b"a\nb"


@pytest.mark.parametrize("marks", ["b", "e", "eb", "bebe", "bbe"])
def test_marks_that_are_not_one_pair_are_refused(marks):
    damaged = b"".join({"b": rc_text.BEGIN, "e": rc_text.END}[one] + b"\nx\n" for one in marks)
    for edit in (
        lambda: rc_text.rc_with_our_lines(damaged, LINES, "rc"),
        lambda: rc_text.rc_without_our_lines(damaged, "rc"),
    ):
        with pytest.raises(ConfigInvalid, match=r"^rc:\d+: "):
            edit()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b'a\neval "$(ssohelper shell-init bash)"\n', 2),
        (b'eval "$(/opt/x/bin/ssohelper shell-init bash --cmd sso)"', 1),
        (b"command -v ssohelper && ssohelper shell-init fish | source\n", 1),
        (b'# eval "$(ssohelper shell-init bash)"\n', None),
        (b"alias s=ssohelper\n", None),
        (rc_text.rc_with_our_lines(b"", LINES, "rc"), None),
        (rc_text.rc_with_our_lines(b"", LINES, "rc") + b"ssohelper shell-init zsh", 6),
    ],
)
def test_a_line_that_the_user_wrote_is_found(text, line):
    assert rc_text.find_shell_init_line(text) == line


def test_the_diff_shows_a_missing_final_newline():
    after = rc_text.rc_with_our_lines(b"x", ["ours"], "rc")
    assert list(rc_text.diff_rc_files(b"x", after, "rc"))[2:] == [
        *("@@ -1 +1,4 @@", "-x", "\\ No newline at end of file", "+x"),
        *("+# >>> ssohelper >>> (the line above had no end)", "+ours", "+# <<< ssohelper <<<"),
    ]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "own",
    [
        *(b"end # mine\n", b"# mine\n", b"alias x=y\n", b"if true\n    x\nend\n"),
        b'alias si="time ssohelper shell-init bash"\n',
        b'[ -t 0 ] && echo "see ssohelper shell-init docs"\n',
        b"if [[ $TERM != dumb ]] && type ssohelper_prompt_on; then ssohelper_prompt_on; fi\n",
    ],
)
@pytest.mark.parametrize("created", [None, b"x", b"x\n"])
def test_a_line_of_the_user_between_the_marks_stays_wherever_it_is(shell, own, created):
    lines = install.build_rc_lines(shell, {"PATH": "/n", "HOME": "/a#b"})
    for ours in (lines, [*lines, *rc_text.PROMPT_LINES[shell]], [*lines, rc_text.NO_PROMPT]):
        plain = rc_text.rc_with_our_lines(created, ours, "rc")
        begin = plain.index(b"# Added")
        for place in (begin, plain.index(b"\n", begin) + 1, plain.index(rc_text.END)):
            edited = plain[:place] + own + plain[place:]
            assert rc_text.rc_with_our_lines(edited, ours, "rc") == edited
            above = b"" if created is None else b"x\n"
            assert rc_text.rc_without_our_lines(edited, "rc") == above + own
            new = rc_text.rc_with_our_lines(edited, [*lines, *rc_text.PROMPT_LINES[shell]], "rc")
            assert new.count(own) == edited.count(own)
            assert rc_text.rc_without_our_lines(new, "rc") == above + own


@pytest.mark.parametrize("blank", [b"", b"\n", b" \n\n"])
@pytest.mark.parametrize("note", [b"", b" (folders too: 2)"])  # of an earlier version
def test_a_file_that_was_made_for_our_lines_goes_when_it_is_empty(blank, note):
    made = rc_text.rc_with_our_lines(None, LINES, "rc") + blank
    made = made.replace(b"made for it)", b"made for it)" + note)
    assert rc_text.rc_without_our_lines(made, "rc") is None
    theirs = rc_text.rc_with_our_lines(b"", LINES, "rc") + blank
    assert rc_text.rc_without_our_lines(theirs, "rc") == blank


@pytest.mark.parametrize(
    ("text", "has"),
    [
        (b"ssohelper_prompt_on\n", True),
        (b"PS1='${SSOHELPER_PROMPT-}'$PS1\n", True),
        (b"# ssohelper_prompt_on\n", False),
        (rc_text.rc_with_our_lines(b"", LINES, "rc"), False),
    ],
)
def test_the_users_own_prompt_is_found_outside_our_lines(text, has):
    assert (rc_text.OWN_PROMPT.search(rc_text.only_user_text(text)) is not None) == has
