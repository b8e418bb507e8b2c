"""Each flag of the commands on profiles, setup, settings and shells has a test that needs it.

The flags come from click's own tree. A new flag without a row here fails, and so does a row whose
test is gone or does not use the flag. That a test needs its flag was shown once, by a program in
which the flag had no effect.
"""

import ast
from pathlib import Path

import click
import pytest

from ssohelper.cli import main

HERE = Path(__file__).parent
COMMANDS = ("profile", "setup", "config", "install")
# Every command has these three; tests/cli/test_help.py and test_json.py test them.
COMMON = {"--verbose", "--json", "--session"}
SYNC, PROFILE = "test_profile_sync.py", "test_profile_commands.py"
SETUP, INSTALL = "test_setup.py", "test_install.py"
TESTS = {
    "profile sync --account": (SYNC, "test_account_and_role_select_the_roles"),
    "profile sync --role": (SYNC, "test_account_and_role_select_the_roles"),
    "profile sync --form": (SYNC, "test_form_converts_the_profiles_that_the_filters_match"),
    "profile sync --name-template": (SYNC, "test_options_win_over_settings"),
    "profile sync --default-region": (SYNC, "test_options_win_over_settings"),
    "profile sync --rename": (
        SYNC,
        "test_rename_gives_existing_profiles_the_names_of_the_template",
    ),
    "profile sync --prune": (SYNC, "test_prune_removes_the_managed_profiles_whose_role_is_gone"),
    "profile sync --refresh": (SYNC, "test_refresh_asks_aws_although_the_saved_list_is_recent"),
    "profile sync --dry-run": (SYNC, "test_dry_run_prints_the_diff_or_the_plan_as_json"),
    "profile sync --yes": (SYNC, "test_a_second_sync_changes_no_byte"),
    "profile add --name": (PROFILE, "test_adds_a_profile_that_was_removed"),
    "profile add --form": (PROFILE, "test_form_and_region_are_those_of_the_new_profile_alone"),
    "profile add --region": (PROFILE, "test_form_and_region_are_those_of_the_new_profile_alone"),
    "profile add --dry-run": (PROFILE, "test_dry_run_prints_the_diff_and_writes_nothing"),
    "profile add --yes": (PROFILE, "test_adds_a_profile_that_was_removed"),
    "profile rm --dry-run": (PROFILE, "test_dry_run_prints_the_diff_and_writes_nothing"),
    "profile rm --yes": (PROFILE, "test_adds_a_profile_that_was_removed"),
    "profile undo --redo": (PROFILE, "test_redo_reverses_the_undo"),
    "profile undo --dry-run": (PROFILE, "test_dry_run_prints_the_diff_and_writes_nothing"),
    "profile undo --yes": (PROFILE, "test_undo_reverses_the_write_and_keeps_later_edits"),
    "setup --region": (SETUP, "test_pkce_from_the_url_to_the_aws_cli"),
    "setup --name-template": (SETUP, "test_filters_template_and_form_are_remembered"),
    "setup --form": (SETUP, "test_form_converts_existing_profiles"),
    "setup --account": (SETUP, "test_filters_template_and_form_are_remembered"),
    "setup --role": (SETUP, "test_filters_template_and_form_are_remembered"),
    "setup --device-code": (SETUP, "test_a_device_code_on_request"),
    "setup --no-browser": (SETUP, "test_a_device_code_on_request"),
    "setup --yes": (SETUP, "test_pkce_from_the_url_to_the_aws_cli"),
    "config set --default": (
        "test_config_commands.py",
        "test_default_removes_the_key_from_the_file",
    ),
    "install --shell": (INSTALL, "test_is_the_one_that_shell_names"),
    "install --uninstall": (INSTALL, "test_is_as_it_was_after_uninstall"),
    "install --dry-run": (INSTALL, "test_dry_run_prints_only_the_diff"),
    "install --yes": (INSTALL, "test_is_as_it_was_after_uninstall"),
}


def flags_of(path: str, command: click.Command) -> list[str]:
    """Return `COMMAND --flag` for each option of the command and of those below it."""
    found = [
        f"{path} {parameter.opts[-1]}"
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.opts[-1] not in COMMON
    ]
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            found += flags_of(f"{path} {name}", child)
    return found


def test_the_table_has_a_row_for_each_flag() -> None:
    context = click.Context(main)
    flags: list[str] = []
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        flags += flags_of(name, command)
    assert sorted(TESTS) == sorted(flags)


@pytest.mark.parametrize("flag", TESTS)
def test_the_test_of_the_table_uses_the_flag(flag: str) -> None:
    file, name = TESTS[flag]
    source = (HERE / file).read_text()
    [body] = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    assert repr(flag.rpartition(" ")[2]) in body
