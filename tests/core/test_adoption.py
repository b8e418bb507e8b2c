"""Blocks of aws-sso-cli of which only some profiles are adopted."""

from ssohelper.core.adoption import (
    AdoptionCandidate,
    find_partly_adopted_blocks,
    find_unadopted_profiles_in_blocks,
)
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.model import Role
from ssohelper.core.profile_origin import Origin

_PROFILE = (
    "[profile {0}]\ncredential_process = aws-sso process --arn arn:aws:iam::001234567890:role/{0}\n"
)
_BLOCK = f"# BEGIN_AWS_SSO_CLI\n{_PROFILE.format('a')}{_PROFILE.format('b')}# END_AWS_SSO_CLI\n"


def test_only_a_block_that_is_adopted_in_part_leaves_profiles_behind() -> None:
    config = ConfigFile.parse(_BLOCK.encode(), "config")
    for adopted, left in ((set[str](), []), ({"a"}, [["b"]]), ({"a", "b"}, [])):
        assert list(find_unadopted_profiles_in_blocks(config, adopted)) == left


def test_a_block_is_adopted_in_part_if_profiles_that_could_be_adopted_are_left() -> None:
    names = ("a", "b", "without-role", "of-another-session")
    block = "".join(map(_PROFILE.format, names))
    config = ConfigFile.parse(f"# BEGIN_AWS_SSO_CLI\n{block}# END_AWS_SSO_CLI\n".encode(), "config")
    candidates = {
        name: AdoptionCandidate(Origin(name, "aws-sso", None), role)
        for name, role in zip(names, [Role("001234567890", "x")] * 2 + [None], strict=False)
    }
    for adopt, left in ((set[str](), []), ({"a"}, [["b"]]), ({"a", "b"}, [])):
        found = find_partly_adopted_blocks(config, candidates, adopt)
        assert [others for _, others in found] == left
