"""The commands config get, set, list and path: ssohelper's own settings, and where each is set."""

import json
from typing import Any

import click

from ssohelper import settings
from ssohelper.actions import guards, own_settings, regions, undoing
from ssohelper.actions.flows.setting_change import confirm_setting
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.cli.terminal_dialogue import TerminalDialogue
from ssohelper.core.other_writes import OtherWrites
from ssohelper.core.similar_names import did_you_mean
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError, UsageProblem


@click.group("config", cls=output.Group)
def config_command_group() -> None:
    """Get and set ssohelper's own settings.

    \b
    Examples:
      ssohelper config list
      ssohelper config set form sso
      ssohelper config set sessions.corp.session_hours 12
    """


@config_command_group.command("get")
@click.argument("key")
def get_setting(app: App, key: str) -> None:
    """Print the value of the setting KEY that is in force.

    \b
    Examples:
      ssohelper config get form
    """
    found = (row for row in _company_policy_rows(app) if row["key"] == key)
    row = next(found, None) or _setting_row(app, app.settings, key)
    if not output.print_if_json(row):
        output.echo(show(_text(row["value"])))


@config_command_group.command("set", context_settings={"ignore_unknown_options": True})
@click.argument("key")
@click.argument("values", nargs=-1, type=click.UNPROCESSED, metavar="[VALUE]...")
@click.option("--default", "to_default", is_flag=True, help="Remove KEY from the settings file.")
def set_setting(app: App, key: str, values: tuple[str, ...], to_default: bool) -> None:
    """Set KEY in the settings file. A list takes several values.

    \b
    Examples:
      ssohelper config set default_region eu-west-1
      ssohelper config set storage keyring
      ssohelper config set guard.rules '*-prod/*Admin*' 'billing'
      ssohelper config set default_region --default
    """
    if to_default == bool(values):
        raise UsageProblem(
            f'"{key}" needs either a value or --default',
            hint=f"set it with: ssohelper config set {key} VALUE",
        )
    settings.find_setting(key)
    value = None if to_default else settings.parse_words(key, values)
    # Reading the settings raises ConfigInvalid for an invalid file before anything is written.
    before = app.settings
    parts = settings.split_key(key)
    if parts[0] == "sessions" and parts[-1] == "regions" and value:
        regions.check_regions_setting(app, parts[1], value)
    write = confirm_setting(app, TerminalDialogue(), key, value)
    if changed := undoing.setting_to_record(app, key, value):
        undoing.record_other_writes(app, OtherWrites(changed))
    for line in write("config set"):
        output.say(line)
    after = app.read_settings()
    if after.origin(key) == "environment":
        app.warn(f"{before.source(key)} is set and wins over the settings file")
    if parts[0] == "sessions" and not to_default:
        _warn_of_unknown_session(app, parts[1])
    if parts[0] in own_settings.GUARDING_TABLES:
        guards.warn_of_idle_rules(app, after.guard_rules())
    output.print_if_json(_setting_row(app, after, key))


@config_command_group.command("list")
def list_settings(app: App) -> None:
    """Print all settings, with their values and where each is set.

    \b
    Examples:
      ssohelper config list --json

    Nothing overrides the company's policy.
    """
    keys = {*filter(str.islower, settings.TABLE), *app.settings.values}
    rows = [_setting_row(app, app.settings, key) for key in keys]
    rows = sorted((*rows, *_company_policy_rows(app)), key=lambda row: str(row["key"]))
    guards.warn_of_idle_rules(app, app.settings.guard_rules())
    if app.settings.ignored:
        app.warn(app.settings.ignored)
    if output.print_if_json(rows):
        return
    shown = [
        (row["key"], _text(row["value"]), row["place"] or row["origin"], row["what"])
        for row in rows
    ]
    output.print_rows(("setting", "value", "from", "what it is"), shown)


@config_command_group.command("path")
def print_settings_path(app: App) -> None:
    """Print the path of the settings file, whether it exists or not.

    \b
    Examples:
      $EDITOR "$(ssohelper config path)"
    """
    path = app.locations.settings_file
    if not output.print_if_json({"path": str(path), "exists": path.exists()}):
        output.echo(show(str(path)))


def _warn_of_unknown_session(app: App, name: str) -> None:
    """A setting for an unknown session has no effect."""
    try:
        names = app.config.read().session_names()
    except SsoHelperError:
        return  # an unreadable ~/.aws/config does not prevent a change of the settings
    if name not in names:
        nearest = did_you_mean(name, names).strip()
        app.warn(f'there is no sso-session "{name}" yet' + (f"; {nearest}" if nearest else ""))


def _company_policy_rows(app: App) -> list[dict[str, Any]]:
    """Return the policy's values that no setting of the user can change."""
    place = str(app.locations.company_policy_file)
    return [
        {"key": key, "value": value, "origin": "policy", "place": place, "what": what}
        for key, value, what in app.company_policy.values_without_user_setting()
    ]


def _setting_row(app: App, found: settings.Settings, key: str) -> dict[str, Any]:
    what = settings.find_setting(key).what
    value, origin, place = found.get(key), found.origin(key), found.source(key)
    if key == "storage" and value != (used := app.protections.load_storage().storage) == "keyring":
        value, origin, place = used, "remembered", None
    return {"key": key, "value": value, "origin": origin, "place": place, "what": what}


def _text(value: Any) -> str:
    """Return the value as the user would type it."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)
