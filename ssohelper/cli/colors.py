"""Chooses the colours of printed text. The text says the same without colours."""

import sys

import click

from ssohelper.cli.table import Cell
from ssohelper.core.clock_text import urgency_of_time_left
from ssohelper.system.terminal import shows_colors

DIM = "dim"
GUARDED = "red"
FAVOURITE = "yellow"
_OF_URGENCY = {"good": "green", "warn": "yellow", "bad": "red"}
_OF_STATE = {
    "valid": "green",
    "signed out": "yellow",
    "missing": "yellow",
    "expired": "red",
    "unusable": "red",
}
OF_SEVERITY = {"problem": "red", "sign-in": "yellow", "note": "cyan", "repaired": "green"}


def styled(text: str, color: str) -> str:
    return click.style(text, fg=color) if sys.stdout.isatty() and shows_colors() else text


def time_cell(text: str, seconds_left: int) -> Cell:
    return Cell(text, _OF_URGENCY[urgency_of_time_left(seconds_left)])


def state_cell(state: str, text: str | None = None) -> Cell:
    return Cell(text or state, _OF_STATE[state])
