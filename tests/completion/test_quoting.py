"""A name that is quoted for a shell reads back as itself."""

import shlex

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssohelper.completion.quoting import split_bash_line

NAMES = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x3000, exclude_categories=["C", "Z"])
)


@settings(max_examples=150)
@given(NAMES)
@example("a\\")
@example('it\'s "$(x)"!')
def test_a_quoted_name_reads_back_as_itself(name):
    # shlex reads as sh does, except "$" in double quotes; test_tab asks the shells themselves.
    for quote in ("", "'", '"'):
        text = quote + split_bash_line(f"x {quote}").reply(name).removeprefix(quote) + quote
        assert quote == '"' or "".join(shlex.split(text)) == name
        assert split_bash_line(text).word == name
        assert split_bash_line(f"x {text} y").words == (["x", name] if text else ["x"])
