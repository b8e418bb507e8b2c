"""Headers of sections that AWS tools do not read as the user meant; botocore says what it reads."""

from pathlib import Path

import pytest
from botocore.configloader import load_config

from ssohelper.core.config_edit import AddSection, EditSection
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.findings import Finding
from ssohelper.core.section_headers import find_misread_headers

_KEYS = "sso_session = corp\nsso_account_id = 000000000001\nsso_role_name = Admin\n"
# Each header line, the id of its finding, and the name that botocore reads once the fix is made.
_MISREAD = [
    ("[Profile q]", "header-misspelled", "q"),
    ("[PROFILE q]", "header-misspelled", "q"),
    ("[profilex q]", "header-misspelled", "q"),
    ("[profilex q r]", None, None),
    ("[Default]", "header-misspelled", "default"),
    ("[q]", "header-without-profile", "q"),
    ('[profile "q]', "header-with-open-quote", "q"),
    ("[profile 'q r]", "header-with-open-quote", "q r"),
    ("[profile it's]", "header-with-open-quote", "it's"),
    ("[profile q\\]", "header-with-open-quote", "q\\"),
    ("[profile q r]", "header-without-quotes", "q r"),
    ("[ profile q r ]", "header-with-blank", "q r"),
    ("[ Profile q r]", "header-misspelled", "q r"),
    ("[profile q ]", "header-with-blank", "q"),
    ("[profile x y]]", "header-without-quotes", "x y]"),
    ("[profile my [prod]*]", "header-without-quotes", "my [prod]*"),
    ("[profile q] # of [team]", "header-with-bracket", "q"),
    ("[profile q] # of the team", None, "q"),
    ("[SSO-Session q]", "header-misspelled", None),
]


def findings(text: str) -> list[Finding]:
    return list(find_misread_headers(ConfigFile.parse(text.encode(), "config")))


def botocore_profiles(tmp_path: Path, text: str) -> dict[str, object]:
    path = tmp_path / "config"
    path.write_text(text)
    found: dict[str, object] = load_config(str(path))["profiles"]
    return found


@pytest.mark.parametrize(("line", "id", "name"), _MISREAD)
def test_a_header_that_is_misread_is_named_and_its_fix_is_true(tmp_path, line, id, name):
    found = findings(f"[profile p]\n\n{line}\n{_KEYS}")
    assert [one.id for one in found] == ([id] if id else [])
    for one in found:
        assert one.subject.endswith("in line 3")
        prefix = "write in an editor: "
        assert one.fix.startswith(prefix)
        line = one.fix.removeprefix(prefix).removesuffix(", with nothing after it in that line")
    text = f"{line}\n{_KEYS}"
    if name is not None:
        assert name in botocore_profiles(tmp_path, text)
    assert [one.id for one in findings(text) if one.severity == "problem"] == []


def test_a_header_whose_correction_exists_or_is_too_long_has_another_fix():
    for line in ("[Profile q]", "[profilex q]", "[q]"):
        [found] = findings(f"[profile q]\n{line}\n{_KEYS}")
        assert found.fix == "remove that section in an editor, or rename it: [profile q] exists too"
    name = "n" * (200 - len("profile "))
    [whole] = findings(f"[Profile {name}]\n{_KEYS}")
    [longer] = findings(f"[Profile {name}n]\n{_KEYS}")
    assert whole.fix == f"write in an editor: [profile {name}]"
    assert longer.fix == "correct that line in an editor"


@pytest.mark.parametrize(
    "line", ["[profile q]]", "[profile x y]]", "[profile q] # [c]", "[other]]", '[profile "a]b"]']
)
def test_a_section_with_a_bracket_in_its_header_stays_and_stops_no_write(tmp_path, line):
    text = f"{line}\r\n# a comment\nregion=x\n\n[profile 'a]c']\nregion = y\n"
    changes = [
        EditSection("profile 'a]c'", (("region", "z"),)),
        AddSection("profile new", (("region", "z"),)),
    ]
    after = ConfigFile.parse(text.encode(), "config").with_changes(changes).decode()
    assert after == text.replace("region = y", "region = z") + "\n[profile new]\nregion = z\n"
    assert botocore_profiles(tmp_path, after)["new"] == {"region": "z"}
