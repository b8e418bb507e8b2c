"""The settings files of agents: what is added, and that the rest stays."""

import json
import tomllib

import pytest

from ssohelper.core.agent_settings import edit_claude_settings, edit_codex_config, edit_mcp_json
from ssohelper.errors import ConfigInvalid, UsageProblem

VALUES = {"env": {"AWS_PROFILE": "pay.RO"}, "awsAuthRefresh": "/bin/ssohelper login corp"}
KIRO = """{
    "mcpServers": {
        "aws": {"command": "uvx", "args": ["awslabs.aws-api-mcp-server@latest"]},
        "proxy": {"command": "uvx", "args": ["mcp-proxy-for-aws@latest"], "env": {"X": "1"}},
        "other": {"command": "npx", "args": ["x"]},
        "remote": {"url": "https://example.com/mcp"}
    }
}
"""
CODEX = """# mine
model = "x"  # keep

[mcp_servers.aws]
command = "uvx"
args = ["awslabs.aws-api-mcp-server@latest"]

[mcp_servers.other]
command = "npx"
"""


@pytest.mark.parametrize("before", [None, b""])
def test_an_agent_without_settings_gets_a_new_file(before):
    after = edit_claude_settings(before, "f", VALUES)
    assert json.loads(after) == VALUES
    assert after.startswith(b'{\n  "env"')
    assert after.endswith(b"}\n")
    # Half a surrogate pair stays an escape.
    assert b"\\ud800" in edit_claude_settings(b'{"a": "\\ud800"}', "f", VALUES)


def test_order_unknown_keys_and_indentation_stay_and_the_same_edit_changes_nothing():
    before = '{\n\t"zeta": [1, 2.5, null],\n\t"env": {\n\t\t"B": "ü"\n\t},\n\t"a": {}\n}'
    after = edit_claude_settings(before.encode(), "f", VALUES).decode()
    found = json.loads(after)
    assert list(found) == ["zeta", "env", "a", "awsAuthRefresh"]
    assert found["env"] == {"B": "ü", "AWS_PROFILE": "pay.RO"}
    assert '\n\t"env": {\n\t\t"B": "ü"' in after
    assert not after.endswith("\n")
    once = edit_claude_settings(None, "f", VALUES)
    assert edit_claude_settings(once, "f", VALUES) == once
    again = edit_mcp_json(KIRO.encode(), "f", "pay.RO", ())
    assert edit_mcp_json(again, "f", "pay.RO", ()) == again
    toml = edit_codex_config(CODEX.encode(), "f", "pay.RO", ())
    assert edit_codex_config(toml, "f", "pay.RO", ()) == toml


@pytest.mark.parametrize(
    "before",
    [
        *("{", "[]", "1", '{"a": 1, "a": 2}', "{} // note", '{"env": []}', '{"env": null}'),
        *("\udcff", "[" * 100000, '{"env": {"AWS_ACCESS_KEY_ID": "a"}}'),
    ],
)
def test_a_file_that_cannot_be_understood_or_has_keys_is_refused(before):
    with pytest.raises(ConfigInvalid) as refused:
        edit_claude_settings(before.encode("utf-8", "surrogateescape"), "f", VALUES)
    assert ("AWS_ACCESS_KEY_ID" in before) == ("AWS_ACCESS_KEY_ID" in refused.value.message)


def test_kiro_servers_of_aws_get_the_profile():
    found = json.loads(edit_mcp_json(KIRO.encode(), "f", "pay.RO", ()))["mcpServers"]
    assert found["aws"]["env"] == {"AWS_PROFILE": "pay.RO"}
    assert found["proxy"]["env"] == {"X": "1", "AWS_PROFILE": "pay.RO"}
    assert "env" not in found["other"]
    assert "env" not in found["remote"]
    named = json.loads(edit_mcp_json(KIRO.encode(), "f", "pay.RO", ("other",)))["mcpServers"]
    assert named["other"]["env"] == {"AWS_PROFILE": "pay.RO"}
    assert "env" not in named["aws"]


@pytest.mark.parametrize(("before", "servers"), [(b"", ()), (KIRO.encode(), ("none",))])
def test_without_such_a_server_nothing_is_written(before, servers):
    with pytest.raises(UsageProblem, match="MCP server"):
        edit_mcp_json(before, "f", "pay.RO", servers)


def test_codex_keeps_comments_and_other_tables():
    after = edit_codex_config(CODEX.encode(), "f", "pay.RO", ()).decode()
    found = tomllib.loads(after)
    assert found["shell_environment_policy"]["set"] == {"AWS_PROFILE": "pay.RO"}
    assert found["mcp_servers"]["aws"]["env"] == {"AWS_PROFILE": "pay.RO"}
    assert "env" not in found["mcp_servers"]["other"]
    assert after.startswith('# mine\nmodel = "x"  # keep\n')
    # A number may be none.
    after = edit_codex_config(b"temperature = nan\n", "f", "p", ()).decode()
    assert after.startswith("temperature = nan\n")
    for made in (after, edit_codex_config(None, "f", "p", ()).decode()):
        assert tomllib.loads(made)["shell_environment_policy"]["set"] == {"AWS_PROFILE": "p"}


@pytest.mark.parametrize(
    "before",
    [
        '[shell_environment_policy]\nset = { A = "1" }\n',
        'shell_environment_policy = { set = { A = "1" } }\n',
        'shell_environment_policy = { inherit = "all" }\n',
        '[mcp_servers]\naws = { command = "mcp-proxy-for-aws" }\n',
        'mcp_servers = { aws = { command = "mcp-proxy-for-aws" } }\n',
    ],
)
def test_an_inline_table_of_codex_gets_the_profile(before):
    expected = tomllib.loads(before)
    for server in expected.get("mcp_servers", {}).values():
        server["env"] = {"AWS_PROFILE": "p"}
    policy = expected.setdefault("shell_environment_policy", {})
    policy.setdefault("set", {})["AWS_PROFILE"] = "p"
    assert tomllib.loads(edit_codex_config(before.encode(), "f", "p", ()).decode()) == expected


@pytest.mark.parametrize(
    "before",
    [
        # tomlkit writes the next key on the line of the last value.
        "[shell_environment_policy.set]\na.b.c = 1",
        # tomlkit writes a header before the second line, which is then in another table.
        'mcp_servers.aws.command = "mcp-proxy-for-aws"\nshell_environment_policy.set.A = "1"\n',
        # tomlkit moves `notice` behind the second hook, and leaves the comments where they are.
        "[[hooks]]\n# about notice\n[notice]\nhide = true\n# second hook\n[[hooks]]\nx = 1\n",
        # The profile would replace a table.
        "[shell_environment_policy.set.AWS_PROFILE]\nx = 1\n",
    ],
)
def test_a_file_of_codex_that_the_edit_would_damage_is_refused(before):
    assert tomllib.loads(before)
    with pytest.raises(ConfigInvalid, match="this edit would damage: not changed"):
        edit_codex_config(before.encode(), "f", "p", ())


@pytest.mark.parametrize(
    "before",
    [
        *("x", "shell_environment_policy = 1", "\udcff"),
        '[shell_environment_policy.set]\nAWS_ACCESS_KEY_ID = "a"\n',
    ],
)
def test_codex_refuses_what_it_does_not_understand_and_keys(before):
    with pytest.raises(ConfigInvalid) as refused:
        edit_codex_config(before.encode("utf-8", "surrogateescape"), "f", "p", ())
    assert ("AWS_ACCESS_KEY_ID" in before) == ("AWS_ACCESS_KEY_ID" in refused.value.message)


def server(*args: object, **environ: str) -> bytes:
    return json.dumps(
        {"mcpServers": {"p": {"command": "mcp-proxy-for-aws", "args": args, "env": environ}}}
    ).encode()


URL = "https://x.us-east-1.api.aws/mcp"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (server(URL, "--profile", "pay.Admin"), server(URL, "--profile", "pay.RO")),
        (server("--profile", "pay.Admin", URL), server("--profile", "pay.RO", URL)),
        (
            server(URL, "--profile", "a", "--region", "b", "--profile=c"),
            server(URL, "--profile", "pay.RO", "--region", "b", "--profile=pay.RO"),
        ),
        (server(URL, AWS_MCP_PROXY_PROFILES="a b"), server(URL, AWS_MCP_PROXY_PROFILES="pay.RO")),
        (server(AWS_DEFAULT_PROFILE="a", X="a"), server(AWS_DEFAULT_PROFILE="pay.RO", X="a")),
    ],
)
def test_a_profile_that_would_win_is_replaced(before, after):
    expected = json.loads(after)["mcpServers"]["p"]
    expected["env"]["AWS_PROFILE"] = "pay.RO"
    made = edit_mcp_json(before, "f", "pay.RO", ())
    assert json.loads(made)["mcpServers"]["p"] == expected
    codex = f"[mcp_servers.p]\n{''.join(_toml_lines(json.loads(before)['mcpServers']['p']))}"
    made = edit_codex_config(codex.encode(), "f", "pay.RO", ())
    assert tomllib.loads(made.decode())["mcp_servers"]["p"] == expected


def _toml_lines(found: dict[str, object]) -> list[str]:
    environ = found.pop("env")
    assert isinstance(environ, dict)
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in found.items()]
    return [*lines, "[mcp_servers.p.env]\n", *(f'{k} = "{v}"\n' for k, v in environ.items())]


@pytest.mark.parametrize(
    "before",
    [
        server("--profile", "a", "b", URL),  # the second can be chosen for each call
        *(server("--profile"), server("--prof", "a"), server("--p=a")),
        server("sh", "-c", "mcp-proxy-for-aws --profile a"),
        *(server("run", "-e", "AWS_PROFILE=a"), server("run", "-e", "AWS_ACCESS_KEY_ID=a")),
        *(server(AWS_ACCESS_KEY_ID="a"), server(AWS_CONFIG_FILE="/a")),
        *(server().replace(b"[]", value, 1) for value in (b'"--profile a"', b"1")),
        server().replace(b'"mcp-proxy-for-aws"', b'"mcp-proxy-for-aws --profile a"'),
    ],
)
def test_what_may_win_and_is_not_understood_is_refused(before):
    with pytest.raises(ConfigInvalid, match="not changed"):
        edit_mcp_json(before, "f", "pay.RO", ())
