"""The help: every command has it, examples first, and each example runs as it stands."""

import inspect
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ssohelper.app import App
from ssohelper.cli import main
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from tests.conftest import RUN_SECONDS, Home
from tests.long_rows import long_after
from tests.programs import require_program

ROOT = Path(__file__).resolve().parents[2]
START_URL, REGION = "https://d-0000000000.awsapps.com/start", "eu-west-1"
PROD, PROFILE = "001234567890", "payments-prod.ReadOnlyAccess"
# These run until somebody ends them; their options are checked.
STAYING = ("demo", "serve", "emulator")
# Whose work it is where the examples name them.
OTHERS = ("aws", "terraform", "wl-copy", "jq", "two-day-job", "nightly-job", "claude")


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its name, groups included."""

    def below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        yield name, command
        if isinstance(command, click.Group):
            for sub in command.list_commands(context):
                found = command.get_command(context, sub)
                assert found is not None
                yield from below(f"{name} {sub}", found)

    context = click.Context(main)
    yield from below("ssohelper", main)


def _help_of(command: click.Command) -> str:
    # Python 3.13 takes the indentation out of docstrings; before, click does so when it prints.
    return inspect.cleandoc(command.help or "")


def examples(command: click.Command) -> list[str]:
    """Return the help's example lines, without what they say beside themselves."""
    text = re.sub(r" \\\n +", " ", _help_of(command))
    block = text.partition("Examples:\n")[2].partition("\n\n")[0]
    return [re.split(r"\s{2,}", line.strip())[0] for line in block.splitlines()]


ALL = list(commands())
LINES = list(dict.fromkeys(line for _name, command in ALL for line in examples(command)))
# All together take 8 s of processor time: `make torture` runs what is no command's first example.
FIRST = [line for line in LINES if line in {examples(command)[0] for _name, command in ALL}]
FURTHER = [line for line in LINES if line not in FIRST]


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_every_command_has_examples_first_and_the_three_options(name, command):
    summary, examples_first, *_rest = _help_of(command).replace("\b\n", "").split("\n\n")
    assert "\n" not in summary
    assert summary[0].isupper()
    assert examples_first.startswith("Examples:\n")
    # Shells start `shell-init` through the launcher.
    assert name in examples_first.replace("ssohelper-credentials", "ssohelper")
    options = {option for parameter in command.params for option in parameter.opts}
    assert options >= {"-v", "--json", "--session"}


def test_no_group_cuts_what_its_commands_do_at_80_columns_and_every_option_says_what_it_does():
    for name, command in ALL:
        if isinstance(command, click.Group):
            context = click.Context(command, info_name=name, **main.context_settings)
            context.max_content_width = context.terminal_width = 80
            usage, *lines = command.get_help(context).splitlines()
            assert usage.endswith("...")
            assert [line for line in lines if line.endswith("...")] == []
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert parameter.help, (name, parameter.opts)


def test_the_root_help_groups_all_commands_after_the_examples(run):
    said = run("--help", env={"COLUMNS": "80"}).stdout
    assert said.index("Examples:") < said.index("Options:") < said.index("Sign-in:")
    groups: dict[str, list[str]] = {}
    for line in said.partition("\nOptions:\n")[2].splitlines():
        if found := re.fullmatch(r"([A-Z].*):", line):
            heading = found[1]
        elif found := re.match(r"  ([a-z][a-z-]*)  +[A-Z]", line):
            groups.setdefault(heading, []).append(found[1])
        else:  # no help text is so long that it is broken
            assert not line.strip() or line.lstrip().startswith("-"), line
    listed = [name for names in groups.values() for name in names]
    of_install = {"cache", "completion", "favourite", "prompt", "shell-init"}
    assert {*listed, *of_install} == set(main.list_commands(click.Context(main)))
    assert of_install.isdisjoint(listed)
    assert of_install <= set(re.findall(r"[a-z-]+", run("install", "--help").stdout))
    assert len(groups) >= 5
    assert all(2 <= len(names) <= 8 for names in groups.values()), groups
    assert {"login", "logout", "status"} <= set(groups["Sign-in"])


@pytest.fixture
def day(home) -> Iterator[Home]:
    """A person's home in which the examples' account, roles and profile are."""
    world = World(START_URL, REGION, "Example")
    world.add_account(PROD, "payments-prod")
    world.add_person("ana")
    for role in ("ReadOnlyAccess", "Admin"):
        world.add_permission_set(role)
        world.assign("ana", role, PROD)
    bin_folder = home.path / "bin"
    bin_folder.mkdir()
    for name in OTHERS:
        (bin_folder / name).write_text("#!/bin/sh\ntest -t 0 || cat >/dev/null\n")
        (bin_folder / name).chmod(0o755)
    for job in ("two-day-job", "nightly-job"):
        (home.path / job).symlink_to(bin_folder / job)
    servers = home.path / ".kiro" / "settings" / "mcp.json"
    servers.parent.mkdir(parents=True)
    servers.write_text('{"mcpServers": {"my-mcp-server": {"command": "x"}}}')
    for folder in (
        ".zfunc",
        ".local/share/bash-completion/completions",
        ".config/fish/completions",
    ):
        (home.path / folder).mkdir(parents=True)
    home.browser()
    with Emulator(world) as emulator:
        emulator.auto_approve = "ana"
        home.env.update(emulator.environment())
        home.env.update(EDITOR="true", SHELL="/bin/bash", PATH=f"{bin_folder}:{home.env['PATH']}")
        yield home


@pytest.mark.parametrize(
    "lines",
    long_after(1, [FIRST[::2], FIRST[1::2], FURTHER[::2], FURTHER[1::2]]),
    ids=["first 1", "first 2", "further 1", "further 2"],
)
def test_every_example_runs_as_it_stands(day, run, lines):
    bash = require_program("bash")
    assert run("setup", START_URL, "--region", REGION, "--session", "corp", "--yes").returncode == 0
    config, environ = day.config_file.read_text(), {**day.env, "AWS_PROFILE": PROFILE}
    assert len(LINES) > 60

    def typed(line: str) -> "subprocess.CompletedProcess[str]":
        if re.fullmatch(r"ssohelper (?!use|clear)[^|&;<>$()`~*]+", line):
            # Without a shell, which would take three times as long to start the program.
            return run(*shlex.split(line)[1:], env={"AWS_PROFILE": PROFILE})
        is_use = bool(re.search(r" (use|clear)\b", line))
        function = 'eval "$(ssohelper shell-init bash)"\n' * is_use
        argv = [bash, "-o", "pipefail", "-c", function + line.replace("| source", "| cat")]
        streams = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
        return subprocess.run(argv, env=environ, cwd=day.path, timeout=RUN_SECONDS, **streams)

    for line in lines:
        words = shlex.split(line)
        if words[0] == "ssohelper" and words[1:2] and words[1] in STAYING:
            line = f"{line.partition(' <')[0]} --help"
        elif line == "ssohelper use -":  # goes back to what was used before in the same shell
            line = f"ssohelper use {PROFILE} && ssohelper use payments-prod.Admin && {line}"
        elif "shell-init zsh" in line:  # this line is for another shell
            line = "ssohelper shell-init zsh"
        day.write_config(config)
        if "undo" in words[1:3]:
            assert typed(f"ssohelper profile rm {PROFILE} --yes").returncode == 0
        if "--failed" in words:
            assert (
                typed("ssohelper exec --account '*' --role ReadOnlyAccess -- false").returncode == 1
            )
        (day.path / ".config" / "ssohelper" / "config.toml").unlink(missing_ok=True)
        App(day.env).protections.save_rules(())
        done = typed(line)
        hint = re.search(r"hint: go ahead with: (.+)", done.stderr)
        if hint:
            done = typed(hint[1])
        if words[1:2] == ["logout"] or words[1:3] == ["session", "rm"]:
            day.write_config(config)
            assert typed("ssohelper login corp").returncode == 0
        bare = line == "ssohelper"  # the full screen; off a terminal it is the help
        # Needs a rule, and a terminal: tests/guards.
        is_grant = words[1:3] == ["guard", "grant"] and "no rule guards" in done.stderr
        # Words choose a role on a terminal only: tests/cli/test_word_choice.py.
        is_search = "pay prod read" in line and "with these words" in done.stderr
        # Needs a portal that has moved: tests/cli/test_session_set_url.py.
        is_move = "hint: are start URL and region right? ssohelper session set-url" in done.stderr
        # Needs a keyring: tests/keyring.
        is_keyring = words[1:5] == ["config", "set", "storage", "keyring"] and done.returncode == 8
        codes = {8: is_keyring, 6: is_move, 2: bare or is_grant or is_search}
        code = next((code for code, is_met in codes.items() if is_met), 0)
        assert done.returncode == code, (line, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr


DOCS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
# A command in a block, between backquotes, and behind what a shell puts before one.
LINE = re.compile(r"(?:^\$ |`|\$\(|&& |\|\| |; |: )(ssohelper [^\n`]*)", re.MULTILINE)


def words_of(text: str) -> list[str]:
    """Return the words of one command line up to what the shell keeps for itself."""
    reader = shlex.shlex(text, posix=True, punctuation_chars="();<>|&")
    reader.whitespace_split = True
    words: list[str] = []
    for word in reader:
        if word[0] in "();<>|&":
            break
        words.append(word)
    return words


def parsed(words: list[str]) -> None:
    """Read the words as click would, and run nothing. Raises: what click and we say of them."""
    rest = words[: words.index("--")] if "--" in words else words
    command: click.Command = main
    context = click.Context(main, info_name="ssohelper", **main.context_settings)
    while True:
        _values, rest, _order = command.make_parser(context).parse_args(list(rest))
        if not isinstance(command, click.Group) or not rest:
            return
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command = found
        context = click.Context(found, parent=context, info_name=name, **found.context_settings)


def test_every_example_is_a_command_line():
    ours = [words_of(line)[1:] for line in LINES if line.startswith("ssohelper ")]
    assert len(ours) > 60
    for words in ours:
        parsed(words)


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_command_line_of_the_docs_is_one(page):
    for line in LINE.findall(page.read_text()):
        words = words_of(line.split("      #")[0])[1:]
        if words and not words[0].startswith("-"):
            parsed(words)
