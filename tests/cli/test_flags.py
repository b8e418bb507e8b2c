"""Each flag of every command has a test that needs it.

The flags come from click's own tree. A new flag without a row here fails, and so does a row whose
test is gone, does not use the flag, or is not in `make test`. That a test needs its flag was shown
once, by a program in which the flag had no effect.
"""

import ast
from pathlib import Path

import click
import pytest

from ssohelper.cli import main
from tests.long_rows import is_long

HERE = Path(__file__).parent
# Every command has these three; tests/cli/test_help.py and test_json.py test them.
COMMON = {"--verbose", "--json", "--session"}
SYNC, PROFILE = "test_profile_commands_sync.py", "test_profile_commands.py"
SETUP, INSTALL = "test_setup_command.py", "test_install_command.py"
SIGN_INS, DEMO, ENV = "test_sign_in_commands.py", "test_demo_command.py", "test_env_command.py"
CONSOLE, PROMPT, USE = "test_console_command.py", "test_prompt_command.py", "test_use_command.py"
SERVE, CALL = "test_serve_command.py", "../test_credential_process.py"
SESSION, SET_URL = "test_session_commands.py", "test_session_set_url.py"
GUARD = "test_guard_command.py"
AGENT = "test_agent_command.py"
ADOPT, LEAVE = "../actions/test_adopting.py", "../actions/test_leaving.py"
CHAIN = "../chains/test_chained_profiles.py"
ADDED = "test_add_writes_a_chain_in_process_form_that_sync_never_touches"
TESTS = {
    "agent install --server": (AGENT, "test_codex_and_kiro_need_a_profile_and_a_server"),
    "agent install --for-model": (
        AGENT,
        "test_with_bedrock_it_asks_whether_the_profile_is_for_the_model",
    ),
    "agent install --dry-run": (AGENT, "test_nothing_is_written_without_a_yes"),
    "agent install --yes": (AGENT, "test_claude_gets_the_profile_and_a_command_that_signs_in"),
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
    "profile sync --adopt": (ADOPT, "test_sync_adopts_what_the_patterns_match"),
    "profile sync --dry-run": (SYNC, "test_dry_run_prints_the_diff_or_the_plan_as_json"),
    "profile sync --yes": (SYNC, "test_a_second_sync_changes_no_byte"),
    "profile add --assume": (CHAIN, ADDED),
    "profile add --via": (CHAIN, ADDED),
    "profile add --external-id": (CHAIN, ADDED),
    "profile add --role-session-name": (CHAIN, ADDED),
    "profile add --duration": (CHAIN, ADDED),
    "profile add --name": (PROFILE, "test_adds_a_profile_that_was_removed"),
    "profile add --form": (PROFILE, "test_form_and_region_are_those_of_the_new_profile_alone"),
    "profile add --region": (PROFILE, "test_form_and_region_are_those_of_the_new_profile_alone"),
    "profile add --dry-run": (PROFILE, "test_dry_run_prints_the_diff_and_writes_nothing"),
    "profile add --yes": (PROFILE, "test_adds_a_profile_that_was_removed"),
    "profile rm --dry-run": (PROFILE, "test_dry_run_prints_the_diff_and_writes_nothing"),
    "profile rm --yes": (PROFILE, "test_adds_a_profile_that_was_removed"),
    "profile undo --print": (PROFILE, "test_an_edited_section_stops_the_undo_and_both_are_shown"),
    "profile undo --dry-run": (PROFILE, "test_dry_run_prints_the_diff_and_writes_nothing"),
    "profile undo --yes": (PROFILE, "test_undo_reverses_the_write_and_keeps_edits_elsewhere"),
    "session set-url --region": (SET_URL, "test_otherwise_nothing_changes"),
    "session set-url --device-code": (SET_URL, "test_a_device_code_moves_it_to_another_region"),
    "session set-url --no-browser": (SET_URL, "test_a_device_code_moves_it_to_another_region"),
    "session set-url --dry-run": (SET_URL, "test_otherwise_nothing_changes"),
    "session set-url --yes": (SET_URL, "test_everything_stays_but_the_sign_in"),
    "session rm --dry-run": (SESSION, "test_dry_run_and_no_answer_change_nothing"),
    "session rm --yes": (
        SESSION,
        "test_it_signs_out_and_takes_session_profiles_settings_and_filters",
    ),
    "setup --region": (SETUP, "test_pkce_from_the_url_to_the_aws_cli"),
    "setup --name-template": (SETUP, "test_filters_template_and_form_are_remembered"),
    "setup --default-region": (SETUP, "test_the_option_changes_the_profiles_with_the_old_default"),
    "setup --form": (SETUP, "test_form_converts_existing_profiles"),
    "setup --account": (SETUP, "test_filters_template_and_form_are_remembered"),
    "setup --role": (SETUP, "test_filters_template_and_form_are_remembered"),
    "setup --adopt": (ADOPT, "test_in_setup_yes_alone_adopts_nothing"),
    "setup --device-code": (SETUP, "test_a_device_code_on_request"),
    "setup --no-browser": (SETUP, "test_a_device_code_on_request"),
    "setup --yes": (SETUP, "test_pkce_from_the_url_to_the_aws_cli"),
    "config set --default": (
        "test_config_commands.py",
        "test_default_removes_the_key_from_the_file",
    ),
    "login --device-code": (SIGN_INS, "test_a_device_code_is_shown_and_polled_for"),
    "login --no-browser": (SIGN_INS, "test_a_device_code_is_shown_and_polled_for"),
    "login --qr": (
        SIGN_INS,
        "test_the_qr_code_of_a_page_for_this_machine_names_the_command_for_a_phone",
    ),
    "login --force": (SIGN_INS, "test_force_signs_in_anyway_and_removes_role_credentials"),
    "login --yes": (
        "../actions/test_sign_in_user.py",
        "test_with_yes_another_user_is_signed_in_and_the_old_list_removed",
    ),
    "login --min": (SIGN_INS, "test_min_counts_only_a_known_end"),
    "logout --all": (SIGN_INS, "test_all_ends_each_sign_in_here_and_at_aws"),
    "status --check": (SIGN_INS, "test_check_exits_4_when_a_known_end_is_near"),
    "status --min": (SIGN_INS, "test_check_exits_4_when_a_known_end_is_near"),
    "list --accounts": ("test_list_command.py", "test_accounts_lists_accounts_with_their_roles"),
    "list --refresh": ("test_list_command.py", "test_refresh_asks_aws_again"),
    "list --detached": ("../test_hostile_folder.py", "test_a_process_that_lists_in_the_background"),
    "use --keys": (USE, "test_text_for_a_shell_is_not_shown_on_a_terminal"),
    "use --yes": (USE, "test_off_a_terminal_a_role_without_a_profile_needs_yes"),
    "exec --server": ("../endpoint/test_exec_server.py", "test_other_profiles_work_beside_it"),
    "exec --hold": (
        "../long_jobs/test_waiting.py",
        "test_exec_hold_waits_and_sets_the_variable_for_its_command",
    ),
    "env --shell": (ENV, "test_powershell_gets_its_own_statements"),
    "env --format": (ENV, "test_json"),
    "env --reveal": (ENV, "test_no_secret_on_a_terminal_unless_revealed"),
    "shell-init --cmd": (
        "../shell/test_shell_init.py",
        "test_another_name_changes_only_the_function",
    ),
    "serve --port": (SERVE, "test_port_is_the_port_that_it_listens_on"),
    "serve --env-file": (SERVE, "test_the_address_survives_a_restart_and_the_token_is_new"),
    "serve --token-folder": (SERVE, "test_without_an_env_file_it_prints_what_a_container_needs"),
    "serve --socket": (SERVE, "test_the_socket_of_a_killed_server_is_replaced"),
    "console --service": (
        CONSOLE,
        "test_print_gives_the_portals_link_without_a_sign_in_or_a_network",
    ),
    "console --region": (
        CONSOLE,
        "test_an_unknown_region_and_one_of_another_partition_are_refused",
    ),
    "console --print": (
        CONSOLE,
        "test_print_gives_the_portals_link_without_a_sign_in_or_a_network",
    ),
    "credential-process --profile": (CALL, "test_arguments_may_be_a_profile_or_in_any_order"),
    "credential-process --chain": (CHAIN, "test_the_launcher_answers_a_hit_of_a_chain"),
    "credential-process --account-id": ("../test_other_systems.py", "test_credentials"),
    "credential-process --role-name": ("../test_other_systems.py", "test_credentials"),
    "prompt --format": (PROMPT, "test_a_format_of_ones_own"),
    "prompt --state": (PROMPT, "test_a_configured_end_is_known_and_has_no_question_mark"),
    "audit --since": ("test_audit_command.py", "test_since_is_a_duration_or_a_local_date"),
    "audit --role": ("test_audit_command.py", "test_role_is_a_name_or_account_and_name"),
    "audit --event": ("test_audit_command.py", "test_event_and_session"),
    "cache clear --yes": ("test_cache_commands.py", "test_without_yes_nothing_is_removed"),
    "emulator serve --port": (DEMO, "test_port_world_and_ready_file"),
    "emulator serve --world": (DEMO, "test_port_world_and_ready_file"),
    "emulator serve --ready-file": (DEMO, "test_port_world_and_ready_file"),
    "console --reason": (GUARD, "test_one_typed_word_grants_and_goes_on"),
    "env --reason": (GUARD, "test_one_typed_word_grants_and_goes_on"),
    "exec --reason": (GUARD, "test_one_typed_word_grants_and_goes_on"),
    "use --reason": (GUARD, "test_one_typed_word_grants_and_goes_on"),
    "whoami --reason": (GUARD, "test_one_typed_word_grants_and_goes_on"),
    "exec --allow": (
        "../guards/test_allow_list.py",
        "test_a_pattern_that_cannot_be_meant_is_refused",
    ),
    "guard grant --all-terminals": (GUARD, "test_all_terminals_counts_in_each"),
    "guard grant --for": (GUARD, "test_for_is_at_most_60_minutes"),
    "guard grant --reason": (
        GUARD,
        "test_reason_has_1_to_200_characters_and_is_checked_before_the_question",
    ),
    "guard revoke --all": (GUARD, "test_all_revokes_the_grants_of_each_terminal"),
    "doctor --fix": (
        "test_doctor_command.py",
        "test_fix_writes_the_helpers_path_in_one_write_that_undo_reverses",
    ),
    "doctor --run": ("test_doctor_command.py", "test_runs_only_when_it_is_asked_for"),
    "install --shell": (INSTALL, "test_install_takes_the_shell_that_the_option_shell_names"),
    "install --prompt": (
        INSTALL,
        "test_no_prompt_leaves_the_prompt_out_until_prompt_is_given",
    ),
    "install --profiles": (LEAVE, "test_leaving_makes_every_profile_work_without_us"),
    "install --uninstall": (INSTALL, "test_the_rc_file_is_as_before_after_uninstall"),
    "install --dry-run": (INSTALL, "test_dry_run_prints_only_the_diff"),
    "install --yes": (INSTALL, "test_the_rc_file_is_as_before_after_uninstall"),
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


def test_the_table_has_a_row_for_each_flag():
    context = click.Context(main)
    flags: list[str] = []
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        flags += flags_of(name, command)
    without_row, without_flag = sorted(set(flags) - set(TESTS)), sorted(set(TESTS) - set(flags))
    assert not without_row, f"add a row to TESTS, with a test that needs the flag: {without_row}"
    assert not without_flag, f"no command has these flags, remove their rows: {without_flag}"


@pytest.mark.parametrize("flag", TESTS)
def test_the_test_of_the_table_uses_the_flag(flag):
    file, name = TESTS[flag]
    module = ast.parse((HERE / file).read_text())
    [test] = [
        node for node in ast.walk(module) if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    assert repr(flag.rpartition(" ")[2]) in ast.unparse(test)
    assert not is_long(module, test)
