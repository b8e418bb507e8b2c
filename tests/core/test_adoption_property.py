"""300 generated configs with profiles of other tools: adopting them changes no foreign byte."""

from random import Random

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.config_text import ConfigText
from ssohelper.core.profile_plan import plan_sync
from ssohelper.errors import ConfigInvalid
from tests.core.config_generator import config as config_of
from tests.core.test_config_edit_property import botocore_reads
from tests.core.test_profile_origin import GRANTED, LEGACY, SSO
from tests.core.test_profile_plan import PAY, request

_ARN = f"arn:aws:iam::{PAY}:role/"
_IDENTITY = ("sso_", "granted_", "credential_process", "common_fate", "ssohelper_managed")
_OTHERS = {
    "one/two": f"{GRANTED}# mine\nregion = eu-west-1",
    "000000012345:Bar": LEGACY.replace("\n", "\n  # inside\n") + "output: json",
    "'with blank'": f"  region = x\n  sso_session = corp\n{SSO}".replace("\nsso", "\n  sso"),
    "cli": f"credential_process = aws-sso -S A process --arn {_ARN}Admin\n; kept\ns3 =\n  a = b",
    "split": f"credential_process = aws-sso\n   process --arn {_ARN}Read\nx = 1",
}
_BLOCK = ("# BEGIN_AWS_SSO_CLI", "# END_AWS_SSO_CLI")


def _generated(seed: int) -> tuple[str, list[str]]:
    """Return a config with some profiles of other tools in it, and their headers."""
    chance = Random(seed)
    lines = config_of(seed).replace("\r\n", "\n").split("\n")
    names = chance.sample(list(_OTHERS), chance.randint(1, len(_OTHERS)))
    places = [n for n, line in enumerate(lines) if line.startswith("[")] or [len(lines)]
    for name, at in zip(names, sorted(chance.choices(places, k=len(names)))[::-1], strict=True):
        section = [f"[profile {name}]", *_OTHERS[name].split("\n")]
        if chance.random() < 0.5:
            section = [_BLOCK[0], "", *section, "", _BLOCK[1]]
        lines[at:at] = section
    end = chance.choice(["\n", "\n", "\r\n"])
    return end.join(lines), [f"profile {name}" for name in names]


def _parts(text: ConfigText) -> dict[str, list[str]]:
    """Return the lines of each section with all that follows it, by header, without markers."""
    starts = sorted((section.line, header) for header, section in text.sections.items())
    starts.insert(0, (0, ""))
    ends = [line for line, _ in starts[1:]] + [len(text.lines)]
    return {
        header: [line for line in text.lines[start:end] if line.strip() not in _BLOCK]
        for (start, header), end in zip(starts, ends, strict=True)
    }


def test_adopting_changes_no_byte_outside_the_adopted_sections():
    legal = seed = adopted = blocks = 0
    while legal < 300:
        seed += 1
        text, headers = _generated(seed)
        try:
            config = ConfigFile.parse(text.encode(), "config")
            names = frozenset(entry.name for entry in config.profiles())
            plan = plan_sync(config, request(adopt=names))
            after = config.with_changes(plan.changes)
        except ConfigInvalid:
            continue
        legal += 1
        adopted += len(plan.adopt)
        blocks += _BLOCK[0] in text
        assert botocore_reads(after) is not None
        old, new = _parts(config.text), _parts(ConfigText(after, "config"))
        for header, lines in old.items():
            if header not in headers:
                assert "\n".join(new[header]).rstrip() == "\n".join(lines).rstrip(), seed
                continue
            kept = [line for line in lines if _is_kept(line)]
            now = [line for line in new[header] if _is_kept(line)]
            if "region" not in config.text.sections[header].values():
                # An adopted profile without a region gets the default one.
                now = [line for line in now if line.strip() != "region = eu-west-1"]
            assert now == kept or "\n".join(now).rstrip() == "\n".join(kept).rstrip(), seed
        # Every profile of another tool that the file has, and no other, is managed now.
        found = {one.name for one in ConfigFile.parse(after, "c").profiles() if one.managed}
        assert {header.removeprefix("profile ").strip("'") for header in headers} <= found
        assert _BLOCK[0] not in after.decode()
    assert adopted > 700
    assert blocks > 100


def _is_kept(line: str) -> bool:
    text = line.strip()
    return not text.startswith(_IDENTITY) and not text.startswith(f"process --arn {_ARN}")
