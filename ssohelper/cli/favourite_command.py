"""The commands favourite add, rm and list: manage the roles that lists and pickers show first."""

import click

from ssohelper.actions import favourites
from ssohelper.app import App
from ssohelper.cli import choosing, output
from ssohelper.core.text import show


@click.group("favourite", cls=output.Group)
def favourite_command_group() -> None:
    """Manage your favourites: roles that come first in every list and picker.

    \b
    Examples:
      ssohelper favourite add payments-prod.ReadOnlyAccess
      ssohelper favourite rm corp:001234567890/Admin
      ssohelper favourite list
    """


@favourite_command_group.command("add")
@click.argument("profile", metavar="[PROFILE]", required=False)
def add_favourite(app: App, profile: str | None) -> None:
    """Make a role a favourite.

    \b
    Examples:
      ssohelper favourite add payments-prod.ReadOnlyAccess
      ssohelper favourite add payments-prod/Admin     a role without a profile
    """
    _set_favourite(app, profile, True, "is a favourite", "was already a favourite")


@favourite_command_group.command("rm")
@click.argument("profile", metavar="[PROFILE]", required=False)
def remove_favourite(app: App, profile: str | None) -> None:
    """Remove a role from the favourites.

    \b
    Examples:
      ssohelper favourite rm payments-prod.ReadOnlyAccess
    """
    _set_favourite(app, profile, False, "is no longer a favourite", "was not a favourite")


@favourite_command_group.command("list")
def list_favourites(app: App) -> None:
    """Print your favourite roles: session, account id and role name.

    \b
    Examples:
      ssohelper favourite list
      ssohelper favourite list --json
    """
    found = [key.json_fields for key in favourites.list_favourites(app)]
    if not output.print_if_json(found):
        output.print_rows(("SESSION", "ACCOUNT ID", "ROLE"), [[*one.values()] for one in found])


def _set_favourite(app: App, name: str | None, favourite: bool, done: str, was: str) -> None:
    chosen = choosing.choose_profile(name)
    changed = favourites.set_favourite(app, chosen.key, favourite)
    output.print_if_json({**chosen.key.json_fields, "favourite": favourite})
    output.say(f'"{show(chosen.name)}" {done if changed else was}')
