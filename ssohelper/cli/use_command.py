"""The commands use and clear: print text that our shell function evaluates.

A program cannot change the environment of the shell that runs it. Without the shell function, `use`
starts a new shell on a terminal. stdout gets only the text to evaluate, and only when everything
has succeeded. The shell function says in environment variables which shell it runs in, and which
profile was used last and before that.
"""

import os
import shlex
import sys
from collections.abc import Collection
from typing import NoReturn

import click

from ssohelper.actions import (
    adopting,
    environment,
    favourites,
    fixed_keys,
    foreign_profiles,
    guards,
    profile_edit,
    profile_reasons,
    run,
    selection,
)
from ssohelper.actions import install as installing
from ssohelper.actions.environment import Environment
from ssohelper.app import App
from ssohelper.cli import choosing, guarding, listing_progress, output, profile_use
from ssohelper.cli.plan_output import write_plan
from ssohelper.core import clock_text, shell_text
from ssohelper.core.choices import filter_for_exact_text
from ssohelper.core.foreign import ForeignProfile
from ssohelper.core.model import Profile
from ssohelper.core.policy import Way
from ssohelper.core.text import show, show_message
from ssohelper.errors import SsoHelperError, UsageProblem

# Variables that the shell function sets: the name of its shell, and the profile or keys that this
# shell uses now and used before (each as "profile NAME" or "keys NAME").
_SHELL, _USED, _PREVIOUS = "_SSOHELPER_SHELL", "_SSOHELPER_USED", "_SSOHELPER_PREVIOUS"
_KINDS = ("profile", "keys")


_HAS_DASHES = "ssohelper.use.has_dashes"


class _CommandThatNotesDoubleDash(click.Command):
    """A click command that knows whether `--` was typed: `use -- -` means the profile "-"."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_HAS_DASHES] = "--" in args
        return super().parse_args(ctx, args)


@click.command("use", cls=_CommandThatNotesDoubleDash)
@click.argument("profile_words", metavar="[PROFILE|WORDS...]", nargs=-1)
@click.option("--keys", is_flag=True, help="Export fixed keys instead of a profile.")
@click.option("--yes", is_flag=True, help="Add a profile for a role that has none, without asking.")
@guarding.reason_option
@output.common_options
def use_profile(
    profile_words: tuple[str, ...], keys: bool, yes: bool, grant_reason: str | None
) -> None:
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
    app = output.get_app()
    row = output.options().chosen
    is_previous = profile_words == ("-",) and not click.get_current_context().meta.get(_HAS_DASHES)
    starts_new_shell = not is_previous and _can_start_shell(app)
    shell = "" if starts_new_shell else _shell_that_evaluates_output("use")
    if is_previous:
        previous, keys = _find_previous_profile_and_whether_keys(app)
        profile_words = (previous,)
    if row is not None:
        chosen = choosing.resolve_profile_of_row(app, row)
    elif is_previous:
        chosen = choosing.choose_profile_of_any_tool(*profile_words)
    else:
        chosen = profile_use.choose_profile(profile_words, ask_always=True)
    if isinstance(chosen, ForeignProfile):
        _use_foreign_profile(app, shell, chosen, keys)
        return
    if keys:
        guarding.grant_role_for_reason(app, chosen, grant_reason)
        found, left = _get_keys_environment_and_time_left(app, chosen)
        name = _name_to_record_for_going_back(app, chosen)
    else:
        session = chosen.session
        outlook = profile_use.run_with_sign_in_if_needed(
            app, chosen, lambda: environment.renew_due_token_and_load_outlook(app, session)
        )
        left = clock_text.sign_in_left_text(outlook, app.clock.now())
        chosen = _find_or_add_profile_of_role(
            app, chosen, yes, is_typed=profile_words == (chosen.name,)
        )
        # The role is granted after all other questions: an answer may end the command, and the time
        # of a grant runs from its start.
        guarding.grant_role_for_reason(app, chosen, grant_reason)
        guarding.say_how_to_grant_guarded_role(app, chosen)
        profile_use.warn_about_lost_role(app, chosen)
        profile_use.warn_about_unusable_profile(app, chosen.name)
        found = environment.build_profile_environment(app, chosen)
        name = chosen.name
    found = guards.add_grant_reason_to_environment(app, chosen.key, found)
    if shell:
        output.write_shell_answer(_make_shell_script(app, shell, found, f"{_KINDS[keys]} {name}"))
    output.say(f"{profile_use.describe_role(app, chosen)}: {left}")
    favourites.record_use_of_role(app, chosen)
    if not shell:
        _replace_process_with_shell(app, found)


def _use_foreign_profile(app: App, shell: str, found: ForeignProfile, keys: bool) -> None:
    """Switch the shell to another tool's profile, from which SDKs get credentials themselves."""
    if keys:
        raise UsageProblem(
            f'--keys exports only credentials from ssohelper, not those of profile "{found.name}"',
            hint=f"without --keys: ssohelper use {found.name}",
        )
    if found.credential_source == foreign_profiles.FROM_ENVIRONMENT:
        raise UsageProblem(
            f'the profile "{found.name}" assumes a role with the keys in this environment; '
            "SDKs would use those keys and ignore the profile",
            hint=f"get the role's keys: ssohelper env {found.name}, or ssohelper exec {found.name}",
        )
    foreign_profiles.check_foreign_profile_usable(app, found, is_on_terminal=True)
    variables = foreign_profiles.build_foreign_profile_environment(app, found)
    if shell:
        output.write_shell_answer(
            _make_shell_script(app, shell, variables, f"profile {found.name}")
        )
    output.say(found.description)
    profile_use.warn_about_unusable_profile(app, found.name)
    if not shell:
        _replace_process_with_shell(app, variables)


@click.command("clear")
@output.common_options
def undo_use() -> None:
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
    """Return the name of the shell whose function evaluates our stdout.

    Raises: UsageProblem when the shell function did not run us.
    """
    if output.options().json:
        raise UsageProblem(f"{command} does not take --json", hint="see: ssohelper env --json")
    shell = os.environ.get(_SHELL, "")
    if shell in shell_text.SHELLS and not sys.stdout.isatty():
        return shell
    raise UsageProblem(
        f'"{command}" changes this shell, which needs the shell function',
        hint=_shell_function_hint(output.get_app()),
    )


def _can_start_shell(app: App) -> bool:
    """Return whether `use` starts a new shell: on a terminal, if no shell function runs `use`.

    Raises: ProgramNotFound (127) or NotExecutable (126) if SHELL names no program.
    """
    if os.environ.get(_SHELL) or output.options().json:
        return False
    if not (output.can_ask_user() and sys.stdout.isatty()):
        return False
    run.find_program(run.find_own_shell(app.environ), app.environ)
    return True


def _replace_process_with_shell(app: App, variables: Environment) -> NoReturn:
    """Replace this process with the user's shell, which gets these variables."""
    shell = run.find_own_shell(app.environ)
    output.say(
        f"this is a shell in your shell: exit ends it; to switch your own, {_shell_function_hint(app)}"
    )
    click.get_current_context().exit(
        run.replace_process([shell], variables.environ_with_changes(app.environ))
    )


def _shell_function_hint(app: App) -> str:
    """Return what to do so that the shell has our function."""
    shell = os.path.basename(os.environ.get("SHELL", ""))
    known = shell if shell in shell_text.SHELLS else "bash"
    file = installing.find_file_with_shell_init_line(app, known)
    if file is not None:
        return f"open a new shell, or run: exec {known} ({show(file)} has the line already)"
    if shell == "fish":
        line = "put into ~/.config/fish/config.fish: ssohelper-credentials shell-init fish | source"
    elif shell == "zsh":
        line = 'put into ~/.zshrc: eval "$(ssohelper-credentials shell-init zsh)"'
    elif shell == "pwsh" or (sys.platform == "win32" and not shell):
        return "put into $PROFILE: ssohelper shell-init pwsh | Out-String | Invoke-Expression"
    else:
        line = 'put into ~/.bashrc: eval "$(ssohelper-credentials shell-init bash)"'
    return f"{line} (ssohelper install does it)"


def _find_previous_profile_and_whether_keys(app: App) -> tuple[str, bool]:
    """Return the previous profile of this shell, and whether the shell used its fixed keys."""
    kind, _, name = app.environ.get(_PREVIOUS, "").partition(" ")
    if kind not in _KINDS or not name:
        raise UsageProblem(
            "there is nothing to go back to in this shell",
            hint="name a profile, or undo the first use with: ssohelper clear",
        )
    return name, kind == "keys"


def _get_keys_environment_and_time_left(app: App, profile: Profile) -> tuple[Environment, str]:
    keys = profile_use.run_with_sign_in_if_needed(
        app, profile, lambda: fixed_keys.release_fixed_keys(app, profile, Way.USE), way=Way.USE
    )
    return environment.build_keys_environment(app, profile, keys), profile_use.keys_time_left_text(
        app, keys
    )


def _name_to_record_for_going_back(app: App, chosen: Profile) -> str:
    """Return the profile name or role to record, with which a later `use -` finds the same role."""
    return _current_profile_name(app, chosen) or chosen.key.text


def _find_or_add_profile_of_role(
    app: App, chosen: Profile, yes: bool, *, is_typed: bool
) -> Profile:
    """Return the chosen role under the name of one of its profiles; offer to add one if needed.

    A profile whose credentials another program provides is used only if the user typed its name and
    that program is installed, because only a run would show whether it works. If the typed name is
    also ACCOUNT/ROLE of the role, that profile is not used, because ACCOUNT/ROLE must give the role
    in any case. A profile with another role in ~/.aws/credentials is not used either.
    Raises: ConfigInvalid if the user typed the name of a managed profile that does not work,
    UsageProblem when the role has no profile and none is added.
    """
    name = _current_profile_name(app, chosen)
    unfit = adopting.find_profiles_unfit_for_use(app, chosen.session, [chosen.role])
    is_sure = name is not None and name not in unfit
    is_named = is_typed and (
        is_sure or not (name and _is_name_also_text_of_role(app, chosen, name))
    )
    if name and not is_sure and is_named and _is_profile_managed(app, name):
        raise profile_reasons.make_profile_not_used_error(app, name)
    problem = (
        profile_reasons.find_reason_to_use_another_profile(app, name) if name and is_typed else ""
    )
    if problem:
        output.say(f'the profile "{show(chosen.name)}" is not used: {show_message(problem)}')
    elif name and is_typed and not is_named:
        _say_why_profile_is_not_used(app, chosen, name)
    if name is None or problem or not (is_named or is_sure):
        name = _find_profile_of_role(app, chosen, unfit)
    if name is None:
        broken = profile_reasons.choose_profiles_with_broken_command(app, unfit)
        for other in selection.find_profiles_of_role(app, chosen.key, sorted(unfit)):
            if other in broken:
                error = profile_reasons.make_profile_not_used_error(app, other)
                output.say(f"{show_message(error.message)}; its command can be written again")
            elif _is_profile_managed(app, other) and not (is_typed and other == chosen.name):
                _say_why_profile_is_not_used(app, chosen, other)
        listing = listing_progress.fetch_listing(app, chosen.session)
        choices = profile_edit.merge_choices(app, chosen.session)
        plan = profile_edit.plan_new_profile(
            app, chosen.session, listing, choices, chosen.role, None
        )
        lack = "has no profile that works" if unfit else "has no profile yet"
        role_text = _text_of_role(app, chosen)
        if role_text != chosen.name:
            output.say(f'the profile "{show(chosen.name)}" is not for this role')
        output.say(f'the role "{show(role_text)}" {lack}')
        if not write_plan(app, plan, yes=yes, what="use"):
            raise UsageProblem(
                f"nothing was changed: this role {lack.removesuffix(' yet')}",
                hint=f"fixed keys need no profile: ssohelper use --keys {role_text}",
            )
        unfit = adopting.find_profiles_unfit_for_use(app, chosen.session, [chosen.role])
        name = _find_profile_of_role(app, chosen, unfit)
    if name is None:
        raise UsageProblem(
            f'no profile was added for "{chosen.name}"', hint="see: ssohelper profile list"
        )
    return selection.resolve_chosen_role(app, chosen.key, [name])


def _is_name_also_text_of_role(app: App, chosen: Profile, name: str) -> bool:
    """Return whether `name`, a profile's name, could also be read as [SESSION:]ACCOUNT/ROLE."""
    try:
        found = selection.resolve_role_text(app, name, chosen.session.name)
    except SsoHelperError:
        return False
    return (found.session, found.role) == (chosen.session, chosen.role)


def _is_profile_managed(app: App, name: str) -> bool:
    entry = app.config.find_profile(name)
    return entry is not None and entry.managed


def _say_why_profile_is_not_used(app: App, chosen: Profile, name: str) -> None:
    if _is_profile_managed(app, name):
        error = profile_reasons.make_profile_not_used_error(app, name)
        output.say(f"{show_message(error.message)}; to repair it: {show_message(error.hint or '')}")
        return
    problem = adopting.find_profile_problem(app, name) or "another tool's program gives its keys"
    pattern = shlex.quote(show(filter_for_exact_text(name)))
    output.say(
        f'the profile "{show(name)}" may not work ({problem}), so it is not used for its role; to '
        "make it work under its name: ssohelper profile sync "
        f"--session {chosen.session.name} --adopt {pattern}"
    )


def _current_profile_name(app: App, chosen: Profile) -> str | None:
    """Return the name of the chosen profile; None if no profile of that name is for its role.

    The name may be SESSION:ACCOUNT/ROLE, and the config may have been edited during a sign-in.
    """
    return next(iter(selection.find_profiles_of_role(app, chosen.key, [chosen.name])), None)


def _text_of_role(app: App, chosen: Profile) -> str:
    """Return the chosen name; the role's key instead if a profile of that name has another role."""
    names_other_role = _current_profile_name(app, chosen) is None and (
        app.config.find_profile(chosen.name) is not None
    )
    return chosen.key.text if names_other_role else chosen.name


def _find_profile_of_role(app: App, chosen: Profile, unfit: Collection[str]) -> str | None:
    """Return the name of a profile for the role, if possible a managed one; None if there is none.

    The profiles `unfit`, which may not work, are left out.
    """
    entries = sorted(app.config.read().profiles(), key=lambda entry: not entry.managed)
    names = (entry.name for entry in entries if entry.name not in unfit)
    return next(iter(selection.find_profiles_of_role(app, chosen.key, names)), None)


def _make_shell_script(app: App, shell: str, found: Environment, used: str) -> str:
    """Return shell code that sets and unsets variables, and records how to undo that.

    `used` is the profile or keys that this shell then uses, as "profile NAME" or "keys NAME".
    """
    before = app.environ.get(_USED, "")
    lines = [shell_text.set_variable_text(shell, "__ssohelper_used", used)]
    if shell == "fish":
        # In fish, the code stops if a variable to unset is a universal variable: programs get such
        # a variable even if a global one hides it, and only the user should erase it.
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
