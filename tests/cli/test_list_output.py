"""Which columns `list` shows on a terminal, and which role has a mark in them."""

import os
import shutil
import sys
from types import SimpleNamespace

from ssohelper.actions import favourites
from ssohelper.app import App
from ssohelper.cli import list_command, output, table
from ssohelper.core.model import RoleKey
from tests.saved_listing import DEV, PAY, add_listed_session


def test_a_guarded_role_and_a_used_one_are_marked_in_columns_for_people(home, monkeypatch):
    add_listed_session(home)
    app = App(home.env)
    app.locations.settings_file.parent.mkdir(parents=True, exist_ok=True)
    app.locations.settings_file.write_text('[guard]\nrules = ["*/Admin"]\n')
    drawn = []

    def print_rows(header, rows, _narrowing):
        drawn.append([tuple(header), *(tuple(map(table.text_of_cell, row)) for row in rows)])

    monkeypatch.setattr(output, "print_rows", print_rows)
    monkeypatch.setattr(output, "options", lambda: SimpleNamespace(json=False))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    session, listing = app.config.read().sso_session("corp"), app.directory.load("corp")
    assert session is not None
    assert listing is not None

    def rows():
        list_command.print_roles(app, [(session, listing)], (), has_several_sessions=False)
        return drawn.pop()

    header, *roles = rows()
    assert header[-1] == "GUARDED"
    assert [bool(row[-1]) for row in roles] == [row[2] == "Admin" for row in roles]
    favourites.set_favourite(app, RoleKey("corp", DEV, "Read"), True)
    header, *roles = rows()
    assert header[-2:] == ("GUARDED", "USED")
    assert {(row[0], row[2]): row[-1] for row in roles} == {
        (PAY, "Admin"): "", (PAY, "Read"): "", (DEV, "Read"): "★"
    }  # fmt: skip


def test_a_terminal_that_does_not_know_its_width_has_80_columns(monkeypatch):
    size = os.terminal_size((0, 24))
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: size)
    assert output.terminal_columns() == 80
