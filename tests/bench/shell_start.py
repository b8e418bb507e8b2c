"""A shell's start with our line in its file, once, against `python -c pass`; and with static text."""

from pathlib import Path
from shutil import which
from statistics import median

from tests.bench.world import PYTHON, Bench, Row

ROUNDS = 40
TARGET = 2.0
# Without anybody's rc files: the line is what is measured, and the whole shell around it.
_START = {
    "bash": (["bash", "--norc", "-c"], 'eval "$(ssohelper shell-init bash)"'),
    "zsh": (["zsh", "-f", "-c"], 'eval "$(ssohelper shell-init zsh)"'),
    "fish": (["fish", "--no-config", "-c"], "ssohelper shell-init fish | source"),
}


def shell_starts(bench: Bench) -> list[Row]:
    """a shell's start with our line in its file, against python -c pass of the same environment"""
    bench.environ["PATH"] = f"{Path(bench.ssohelper).parent}:{bench.environ['PATH']}"
    return [_row(bench, shell) for shell in _START if which(shell)]


def _row(bench: Bench, shell: str) -> Row:
    argv, line = _START[shell]
    static = bench.home / f"static-{shell}"
    static.write_text(bench.said([bench.ssohelper, "shell-init", shell]))
    python, with_line, with_file = bench.in_turn(
        ROUNDS, PYTHON, [*argv, line], [*argv, f"source {static}"]
    )
    # Of each round, so that other work on the machine slows both.
    ratio = median(ours / plain for ours, plain in zip(with_line, python, strict=True))
    figure = (
        f"{ratio:.2f} ({median(with_line) * 1000:.1f} ms against {median(python) * 1000:.1f} ms; "
        f"from a static file {median(with_file) * 1000:.1f} ms)"
    )
    what = f"{shell}'s start with our line against `python -c pass`"
    return Row(what, f"≤ {TARGET}", figure, ratio <= TARGET)
