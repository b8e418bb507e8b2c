"""The prompt function 10,000 times in each shell against `true`; a shell's start with our line."""

import time
from shutil import which
from statistics import median

from ssohelper.app import App
from ssohelper.core.model import SignInFacts
from tests.bench.world import PYTHON, Bench, Failed
from tests.torture.ground import SSOHELPER
from tests.torture.rows import Row

ROUNDS, PROMPTS, PROGRAMS = 100, 100, 10
START_ROUNDS, START_TARGET = 40, 2.0
_LINE = {
    "bash": 'eval "$(ssohelper shell-init bash)"',
    "zsh": 'eval "$(ssohelper shell-init zsh)"',
    "fish": "ssohelper shell-init fish | source",
}
TARGETS = {"bash": 0.05, "zsh": 0.05, "fish": 0.15}
_ARGV = {
    "bash": ["bash", "--norc"],
    "zsh": ["zsh", "-f"],
    "fish": ["fish", "--no-config", "--private"],
}
# Rounds of both alternate, so that other work on the machine slows both. Prints the nanoseconds of
# one prompt and of one `true`.
_POSIX = """
{clock}
eval "$(ssohelper shell-init {shell})"
ssohelper_prompt
echo "$SSOHELPER_PROMPT_TEXT"
round() {{
    now; begun=$at
    {loop_of_prompts}
    now; middle=$at
    {loop_of_programs}
    now; echo "$(((middle - begun) / {prompts})) $(((at - middle) / {programs}))"
}}
for round in {rounds}; do round; done
"""
_BASH_LOOP = "for ((i = 0; i < {n}; i++)); do {what}; done"
_FISH = """
ssohelper shell-init fish | source
ssohelper_prompt >/dev/null
echo $SSOHELPER_PROMPT_TEXT
set prompts (seq {prompts})
set programs (seq {programs})
function prompts; for i in $prompts; ssohelper_prompt; end; end
function programs; for i in $programs; {true}; end; end
for round in {rounds}
    set -l begun (date +%s%N)
    prompts >/dev/null
    set -l middle (date +%s%N)
    programs
    set -l ended (date +%s%N)
    echo (math "floor(($middle - $begun) / {prompts})") (math "floor(($ended - $middle) / {programs})")
end
"""
_CLOCK = {
    "bash": "now() { at=${EPOCHREALTIME/./}000; }",
    "zsh": "zmodload zsh/datetime; now() { at=$((${epochtime[1]} * 1000000000 + ${epochtime[2]})); }",
}


def prompts(bench: Bench) -> list[Row]:
    """the prompt function in bash, zsh and fish, against one run of `true` in that shell"""
    bench.sign_in()
    bench.env |= {"AWS_PROFILE": "native", "TERM": "xterm"}
    began = SignInFacts(signed_in_at=int(time.time()))
    App(bench.env).tokens.save_facts("corp", began)
    return [_row(bench, shell) for shell in TARGETS if which(shell)]


def _row(bench: Bench, shell: str) -> Row:
    script = bench.home / f"prompts.{shell}"
    script.write_text(_script(shell))
    shown, *rounds = bench.said([*_ARGV[shell], str(script)]).splitlines()
    if not shown.startswith("native ") or len(rounds) != ROUNDS:
        raise Failed(f"no prompt in {shell}: {shown}")
    ours, programs = zip(*(map(int, line.split()) for line in rounds), strict=True)
    ratio = median(own / program for own, program in zip(ours, programs, strict=True))
    figure = f"{ratio:.3f} ({median(ours) / 1000:.0f} us against {median(programs) / 1000:.0f} us)"
    what = f"a prompt in {shell} against one run of `true`"
    return Row(what, figure, f"≤ {TARGETS[shell]}", ratio <= TARGETS[shell])


def _script(shell: str) -> str:
    rounds, true = " ".join(map(str, range(ROUNDS))), which("true")
    if shell == "fish":
        return _FISH.format(prompts=PROMPTS, programs=PROGRAMS, rounds=rounds, true=true)
    loops = {
        "loop_of_prompts": _BASH_LOOP.format(n=PROMPTS, what="ssohelper_prompt"),
        "loop_of_programs": _BASH_LOOP.format(n=PROGRAMS, what=true),
    }
    numbers = {"prompts": PROMPTS, "programs": PROGRAMS, "rounds": rounds}
    return _POSIX.format(clock=_CLOCK[shell], shell=shell, **numbers, **loops)


def shell_starts(bench: Bench) -> list[Row]:
    """a shell's start with our line in its file, against python -c pass of the same environment"""
    return [_start_row(bench, shell) for shell in _LINE if which(shell)]


def _start_row(bench: Bench, shell: str) -> Row:
    argv, line = [*_ARGV[shell], "-c"], _LINE[shell]
    static = bench.home / f"static-{shell}"
    static.write_text(bench.said([SSOHELPER, "shell-init", shell]))
    commands = PYTHON, [*argv, line], [*argv, f"source {static}"]
    python, with_line, with_file = bench.in_turn(START_ROUNDS, *commands)
    # Of each round, so that other work on the machine slows both.
    ratio = median(ours / plain for ours, plain in zip(with_line, python, strict=True))
    figure = (
        f"{ratio:.2f} ({median(with_line) * 1000:.1f} ms against {median(python) * 1000:.1f} ms; "
        f"from a static file {median(with_file) * 1000:.1f} ms)"
    )
    what = f"{shell}'s start with our line against `python -c pass`"
    return Row(what, figure, f"≤ {START_TARGET}", ratio <= START_TARGET)
