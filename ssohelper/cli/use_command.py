"""The commands use and clear: print text that our shell function evaluates.

Without the shell function, `use` starts a new shell on a terminal. stdout gets only the text to
evaluate, and only when everything has succeeded.
"""

import os
import sys
from typing import NamedTuple

import click

from ssohelper.actions import (
    environment,
    favourites,
    foreign_profiles,
    guards,
    run,
)
from ssohelper.actions import install as installing
from ssohelper.actions.environment import Environment
from ssohelper.app import App
from ssohelper.cli import choosing, guarding, output, profile_use, role_profiles
from ssohelper.core import clock_text, shell_text
from ssohelper.core.foreign import ForeignProfile
from ssohelper.core.model import Profile
from ssohelper.core.policy import Way
from ssohelper.core.text import show
from ssohelper.errors import UsageProblem

# Variables that the shell function sets: the name of its shell, and the profile or keys that this
# shell uses now and used before (each as "profile NAME" or "keys NAME").
_SHELL, _USED, _PREVIOUS = "_SSOHELPER_SHELL", "_SSOHELPER_USED", "_SSOHELPER_PREVIOUS"
_KINDS = ("profile", "keys")


class _Switch(NamedTuple):
    """What `use` switches a shell to. `used` is "profile NAME" or "keys NAME"."""

    profile: Profile | ForeignProfile
    variables: Environment
    used: str
    text: str


@click.command("use", cls=output.Command)
@click.argument("profile_words", metavar="[PROFILE|WORDS...]", nargs=-1)
@click.option("--keys", is_flag=True, help="Export fixed keys instead of a profile.")
@click.option("--yes", is_flag=True, help="Add a profile for a role that has none, without asking.")
@guarding.reason_option
def use_profile(
    app: App, profile_words: tuple[str, ...], keys: bool, yes: bool, grant_reason: str | None
) -> int:
    """Switch this shell to a profile.

    \b
    Examples:
      ssohelper use payments-prod.ReadOnlyAccess
      ssohelper use payments-prod/ReadOnlyAccess        a role without a profile: offers to add one
      ssohelper use pay prod read                       the only role with these words, or a picker
      ssohelper use -                                   back to the previous profile
      ssohelper use --keys payments-prod.ReadOnlyAccess
      ssohelper clear                                   undo `use`

    Exports AWS_PROFILE, AWS_REGION and AWS_DEFAULT_REGION, and unsets the variables that take
    precedence over them. The shell function does this in your shell: see `ssohelper install`. With
    the function, Enter in the full screen (`ssohelper` alone) does the same. Without it, on a
    terminal, a new shell in your shell gets these variables; exit ends that shell.
    """
    is_previous = profile_words == ("-",)
    starts_new_shell = not is_previous and _can_start_shell(app)
    shell = "" if starts_new_shell else _shell_that_evaluates_output("use")
    if is_previous:
        previous, keys = _find_previous_use(app)
        profile_words = (previous,)
    row = output.options().chosen
    if row is not None:
        chosen = choosing.resolve_row(app, row)
    elif is_previous:
        chosen = choosing.choose_any_profile(*profile_words)
    else:
        chosen = profile_use.choose_profile(profile_words, ask_always=True)
    if isinstance(chosen, ForeignProfile):
        switch = _prepare_foreign(app, chosen, keys)
    elif keys:
        switch = _prepare_keys(app, chosen, grant_reason)
    else:
        is_typed = profile_words == (chosen.name,)
        switch = _prepare_profile(app, chosen, grant_reason, yes=yes, is_typed=is_typed)
    if shell:
        output.write_shell_answer(_make_shell_script(app, shell, switch.variables, switch.used))
    output.say(switch.text)
    if isinstance(switch.profile, ForeignProfile):
        profile_use.warn_of_problem(app, switch.profile.name, in_new_shell=True)
    else:
        favourites.record_use_of_role(app, switch.profile)
    return 0 if shell else _replace_process_with_shell(app, switch.variables)


def _prepare_keys(app: App, chosen: Profile, grant_reason: str | None) -> _Switch:
    guarding.grant_role_for_reason(app, chosen, grant_reason)
    variables, text = profile_use.get_fixed_keys(app, chosen, Way.USE)
    # A later `use -` finds the same role by this name.
    name = role_profiles.find_current_profile_name(app, chosen) or chosen.key.text
    return _Switch(chosen, variables, f"keys {name}", text)


def _prepare_profile(
    app: App, chosen: Profile, grant_reason: str | None, *, yes: bool, is_typed: bool
) -> _Switch:
    session = chosen.session
    outlook = profile_use.run_with_sign_in(
        app, chosen, lambda: environment.renew_and_load_outlook(app, session)
    )
    left = clock_text.sign_in_left_text(outlook, app.clock.now())
    profile = role_profiles.find_or_add_profile(app, chosen, yes, is_typed=is_typed)
    # Granted after all other questions: an answer may end the command, and a grant's time runs.
    guarding.grant_role_for_reason(app, profile, grant_reason)
    guarding.say_how_to_grant(app, profile)
    profile_use.warn_about_lost_role(app, profile)
    profile_use.warn_of_problem(app, profile.name, in_new_shell=True)
    variables = environment.build_profile_environment(app, profile)
    variables = guards.with_grant_reason(app, profile.key, variables)
    text = f"{profile_use.describe_role(app, profile)}: {left}"
    return _Switch(profile, variables, f"profile {profile.name}", text)


def _prepare_foreign(app: App, found: ForeignProfile, keys: bool) -> _Switch:
    if keys:
        what = "--keys exports only credentials from ssohelper"
        hint = f"without --keys: ssohelper use {found.name}"
        raise UsageProblem(f'{what}, not those of profile "{found.name}"', hint=hint)
    if found.credential_source == foreign_profiles.FROM_ENVIRONMENT:
        what = f'the profile "{found.name}" assumes a role with the keys in this environment; '
        what += "SDKs would use those keys and ignore the profile"
        hint = f"get the role's keys: ssohelper env {found.name}, or ssohelper exec {found.name}"
        raise UsageProblem(what, hint=hint)
    foreign_profiles.check_usable(app, found, is_on_terminal=True)
    variables = foreign_profiles.build_environment(app, found)
    return _Switch(found, variables, f"profile {found.name}", found.description)


@click.command("clear", cls=output.Command)
def undo_use(_app: App) -> None:
    """Undo `use`: restore this shell's environment.

    \b
    Examples:
      ssohelper clear

    Needs the shell function: see `ssohelper install`.
    """
    _shell_that_evaluates_output("clear")
    output.write_shell_answer("__ssohelper_clear")


# -- choosing the profile and writing the shell's text -------------------------------------------


def _shell_that_evaluates_output(command: str) -> str:
    """Return the shell whose function evaluates our stdout. Raises: UsageProblem."""
    if output.options().json:
        raise UsageProblem(f"{command} does not take --json", hint="see: ssohelper env --json")
    shell = os.environ.get(_SHELL, "")
    if shell in shell_text.SHELLS and not sys.stdout.isatty():
        return shell
    what = f'"{command}" changes this shell, which needs the shell function'
    raise UsageProblem(what, hint=_shell_function_hint(output.get_app()))


def _can_start_shell(app: App) -> bool:
    """Return whether `use` starts a new shell. Raises: ProgramNotFound."""
    if os.environ.get(_SHELL) or output.options().json:
        return False
    if not (output.can_ask_user() and sys.stdout.isatty()):
        return False
    run.find_program(run.find_own_shell(app.environ), app.environ)
    return True


def _replace_process_with_shell(app: App, variables: Environment) -> int:
    shell = run.find_own_shell(app.environ)
    what = "this is a shell in your shell: exit ends it; to switch your own"
    output.say(f"{what}, {_shell_function_hint(app)}")
    child = variables.environ_with_changes(app.environ)
    return run.replace_process([shell], child)


def _shell_function_hint(app: App) -> str:
    shell = os.path.basename(os.environ.get("SHELL", ""))
    known = shell if shell in shell_text.SHELLS else "bash"
    file = installing.find_shell_init_file(app, known)
    if file is not None:
        return f"open a new shell, or run: exec {known} ({show(file)} has the line already)"
    if shell == "pwsh" or (sys.platform == "win32" and not shell):
        return "put into $PROFILE: ssohelper shell-init pwsh | Out-String | Invoke-Expression"
    return "run: ssohelper install"


def _find_previous_use(app: App) -> tuple[str, bool]:
    """Return this shell's previous profile, and whether the shell used its fixed keys."""
    kind, _, name = app.environ.get(_PREVIOUS, "").partition(" ")
    if kind not in _KINDS or not name:
        hint = "name a profile, or undo the first use with: ssohelper clear"
        raise UsageProblem("there is nothing to go back to in this shell", hint=hint)
    return name, kind == "keys"


def _make_shell_script(app: App, shell: str, found: Environment, used: str) -> str:
    """Return shell code that sets and unsets variables, and records how to undo that."""
    before = app.environ.get(_USED, "")
    lines = [shell_text.set_variable_text(shell, "__ssohelper_used", used)]
    if shell == "fish":
        # Programs get a universal variable of fish even if a global one hides it, and only the user
        # should erase it.
        lines.insert(0, f"__ssohelper_no_universal {' '.join(found.unset)}; or return")
    if used != before:
        lines.append(shell_text.set_variable_text(shell, "__ssohelper_previous", before))
    if not before:
        names = dict.fromkeys((*environment.TOUCHED, *found.unset))
        undo = shell_text.text_that_restores_variables(shell, names, app.environ)
        lines.append(shell_text.set_variable_text(shell, "__ssohelper_before", undo))
    lines += shell_text.assignment_lines(shell, found.reveal_variables(), found.unset)
    if shell == "fish":
        lines.append("true")  # fish's `set -e` of an unset variable leaves a non-zero status
    return shell_text.joined_shell_lines(shell, lines)
