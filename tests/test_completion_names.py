"""The light reader of names says what the real reader of ~/.aws/config says."""

import shlex

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ssohelper.completion.names import Names
from ssohelper.completion.quoting import bash_line, in_quotes, unquoted
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.model import SESSION_NAME
from ssohelper.errors import ConfigInvalid
from tests.core.config_generator import configs

NAMES = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x3000, exclude_categories=["C", "Z"])
)


@settings(max_examples=150, deadline=None)
@given(configs())
@example("  [profile a]\n  x = 1\n  [profile b]\n")
@example("[profile a]\ns3 =\n  [profile no] = 1\n[profile a]x\n[profile]\n[default]\n")
def test_profiles_and_sessions_are_those_that_the_commands_know(tmp_path_factory, text):
    try:
        real = ConfigFile.parse(text.encode(), "c")
    except ConfigInvalid:
        assume(False)
    path = tmp_path_factory.getbasetemp() / "config"
    path.write_bytes(text.encode())
    names = Names({"AWS_CONFIG_FILE": str(path)})
    shown = {entry.name for entry in real.profiles() if entry.name.isprintable()}
    assert set(names.profiles(any_kind=True)) == shown
    assert set(names.sessions()) == {n for n in real.session_names() if SESSION_NAME.fullmatch(n)}


@settings(max_examples=150, deadline=None)
@given(NAMES)
@example("a\\")
@example('it\'s "$(x)"!')
def test_a_quoted_name_reads_back_as_itself(name):
    # shlex reads as sh but for "$" in double quotes; the shells themselves are in test_tab.
    for quote in ("", "'", '"'):
        text = quote + in_quotes(name, quote) + quote
        assert quote == '"' or "".join(shlex.split(text)) == name
        assert unquoted(text) == name
        assert bash_line(f"x {text} y").words == (["x", name] if text else ["x"])
