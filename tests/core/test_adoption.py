"""Blocks of aws-sso-cli of which only some profiles are adopted."""

from ssohelper.core.adoption import find_unadopted_profiles_in_blocks
from ssohelper.core.config_file import ConfigFile

_PROFILE = (
    "[profile {0}]\ncredential_process = aws-sso process --arn arn:aws:iam::001234567890:role/{0}\n"
)
_BLOCK = f"# BEGIN_AWS_SSO_CLI\n{_PROFILE.format('a')}{_PROFILE.format('b')}# END_AWS_SSO_CLI\n"


def test_only_a_block_that_is_adopted_in_part_leaves_profiles_behind() -> None:
    config = ConfigFile.parse(_BLOCK.encode(), "config")
    for adopted, left in ((set[str](), []), ({"a"}, [["b"]]), ({"a", "b"}, [])):
        assert list(find_unadopted_profiles_in_blocks(config, adopted)) == left
