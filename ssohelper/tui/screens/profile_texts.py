"""The texts of the Profiles screen: its lines above the list, and the details below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ssohelper.actions import adopting, setup_text
from ssohelper.actions.sync_choices import ACCOUNTS, FORM, REGION, ROLES, TEMPLATE
from ssohelper.core import plan_text
from ssohelper.core.choices import NO_CHOICES
from ssohelper.core.clock_text import ago_text
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.tui.keys import KeyOf
from ssohelper.tui.profile_rows import STALE, ProfileRow, Section
from ssohelper.tui.screens.profile_actions import profile_names_as_arguments
from ssohelper.tui.screens.profile_planner import Found
from ssohelper.tui.screens.proposal import CurrentProfiles, Wish, sync_command_line
from ssohelper.tui.widgets.lines import Line
from ssohelper.tui.widgets.sync_fields import LABELS


def profile_counts_title(current: CurrentProfiles) -> str:
    count = len(current.profiles)
    managed = sum(item.entry.managed for item in current.profiles)
    where = f"{plan_text.profile_count_text(count)} in {current.path}"
    return f"{where}: ◆ {managed} managed, {count - managed} yours"


def config_error_text(error: SsoHelperError, key: str) -> str:
    hint = f"\n{show(error.hint)}" if error.hint else ""
    note = "Until you correct the error, no profile can be changed on this screen."
    return f"{show(error.message)}{hint}\n\n{key} opens the file. {note}"


def palette_command_lines(
    found: Found | None, wish: Wish | None, names: Sequence[str]
) -> dict[str, str]:
    """Return the command lines that do the same as actions of the Profiles screen, by action."""
    lines = {}
    if wish is not None and found is not None:
        lines["apply"] = sync_command_line(wish, found.proposal.given, found.proposal.others)
        lines["refresh"] = f"list --refresh --session {wish.session.name}"
    lines |= {"prune": "profile sync --prune", "rename": "profile sync --rename"}
    lines |= {"adopt": "profile sync --adopt GLOB", "undo": "profile undo"}
    if names:
        lines["remove"] = f"profile rm {profile_names_as_arguments(names)}"
    return lines


def next_sync_line(found: Found, now: int) -> str:
    wish, proposal = found.wish, found.proposal
    if wish is None:
        return "profile sync: there is no session yet"
    command = sync_command_line(wish, NO_CHOICES, proposal.others)
    if found.error is not None:
        return f"{command}: not possible"
    if proposal.problems:
        return f"{command}: {first_option_problem(proposal.problems)}"
    if proposal.plan is None:
        return f"{command}: no list of roles yet"
    listed = f"listed {ago_text(now - (proposal.listed_at or 0))}"
    # The command comes last, where a narrow screen cuts it off: the later question shows it too.
    return f"{plan_text.plan_counts_text(proposal.plan, noun='')} · {listed} · {command}"


def first_option_problem(problems: Mapping[str, str]) -> str:
    """Return what is wrong with the first invalid option, with the name of its field."""
    field, text = next(iter(problems.items()))
    return f"option {LABELS[field]}: {text}"


def sync_options_line(found: Found, key: str) -> str:
    proposal, texts = found.proposal, found.wish.options.texts if found.wish else None
    if not proposal.texts:
        return ""
    now = {
        name: text.strip() or proposal.defaults[name]
        for name, text in (texts or proposal.texts).items()
    }
    parts = [
        f"accounts {now[ACCOUNTS] or 'all'}",
        f"roles {now[ROLES] or 'all'}",
        f"form {now[FORM]}",
        now[REGION],
        f"names {now[TEMPLATE]}",
    ]
    changed = "changed, not yet applied: " if proposal.given != NO_CHOICES else ""
    return f"{key}: {changed}{' · '.join(parts)}"


def next_step_hints(found: Found, key_of: KeyOf) -> list[str]:
    """Return what the user must do before a sync, or a warning, and what can be adopted."""
    return [*filter(None, (missing_input_hint(found, key_of), _adopt_hint(found, key_of)))]


def is_adoption_unknown(found: Found) -> bool:
    """Return whether profiles might be adopted once there is a session with a list of roles."""
    proposal = found.proposal
    is_planned = proposal.plan is not None or bool(proposal.problems)
    return not is_planned and any(not item.entry.managed for item in found.current.profiles)


def _adopt_hint(found: Found, key_of: KeyOf) -> str:
    able = adopting.choose_adoptable(found.proposal.others)
    key = key_of("profiles.adopt")
    if not able:
        return ""
    if found.wish is not None and found.wish.options.adopt:
        count = plan_text.profile_count_text(len(able & found.wish.options.adopt))
        return (
            f"{count} of {len(able)} to adopt: {key_of('profiles.apply')} writes, {key} leaves them"
        )
    needing = adopting.choose_needing(found.proposal.others)
    verb = "needs" if len(needing) == 1 else "need"
    need = f", {len(needing)} {verb} ssohelper to work" if needing else ""
    return f"{setup_text.adoptable_count_text(found.proposal.others)}{need}: {key} adopts"


def missing_input_hint(found: Found, key_of: KeyOf) -> str:
    """Return what the user must do before a sync, or a warning about its filters, or ""."""
    proposal = found.proposal
    if found.error is not None:
        return ". ".join(filter(None, (found.error.message, found.error.hint)))
    if proposal.warning:
        return proposal.warning
    if found.wish is None:
        return (
            f"Set up a session first: {key_of('app.sessions')} shows the form, "
            f"or type: ssohelper setup START_URL. {setup_text.TRY_THE_DEMO}"
        )
    if proposal.plan is None and not proposal.problems:
        command = f"ssohelper list --refresh --session {found.wish.session.name}"
        return f"Press {key_of('profiles.refresh')} to ask AWS for your roles, or type: {command}"
    if not found.current.profiles and proposal.plan is not None and proposal.plan.add:
        return (
            f"There is no profile yet. {key_of('profiles.apply')} writes those below after a "
            f"question; {key_of('profiles.options')} chooses accounts and roles first."
        )
    if not found.rows and not proposal.problems:
        return (
            "There is no profile yet, and no role that would get one: "
            f"{key_of('profiles.options')} shows the filters, {key_of('profiles.refresh')} asks AWS."
        )
    return ""


def missing_plan_text(found: Found, key_of: KeyOf) -> str:
    """Return why there is no plan, and so no diff."""
    if found.proposal.problems:
        return f"no diff: {invalid_option_note(found, key_of)}"
    return missing_input_hint(found, key_of)


def invalid_option_note(found: Found, key_of: KeyOf) -> str:
    """Return which option is not valid, with the key that opens the options, or ""."""
    problems = found.proposal.problems
    if not problems:
        return ""
    return f"{first_option_problem(problems)} · {key_of('profiles.options')} opens the options"


def section_help_lines(section: Section, key_of: KeyOf) -> list[Line]:
    says = {
        "+": f"{key_of('profiles.apply')} adds these profiles, after a question.",
        "~": f"{key_of('profiles.apply')} changes these profiles, after a question.",
        "-": f"{key_of('profiles.apply')} removes these profiles, after a question.",
        "": "The sync leaves these profiles as they are.",
    }
    says["!"] = "The sync skips these profiles; each line says why."
    if section.key == plan_text.TO_ADOPT:
        apply = key_of("profiles.apply")
        says["~"] = f"{apply} adopts these profiles, under the names they have, after a question."
    if section.key == STALE:
        says["!"] = (
            f"The roles are no longer listed. {key_of('profiles.prune')} removes these profiles too."
        )
    return [[(show(section.title), "strong")], [(says[section.sign], "")]]


def profile_detail_lines(row: ProfileRow, path: str) -> list[Line]:
    lines: list[Line] = [[(show(row.name), "strong")]]
    parts = []
    if row.item is not None:
        owner = "managed" if row.item.entry.managed else "yours"
        parts += [f"{path}:{row.item.entry.line}", owner]
    if row.account_id:
        account = f"{row.account_name} " if row.account_name else ""
        parts.append(f"{account}{row.account_id}/{row.role}")
    if row.item is not None and row.item.shown_target is not None:
        parts.append(f"form {row.item.shown_target.form}")
    region = row.item.entry.keys.get("region") if row.item is not None else None
    parts += [region] if region else []
    lines += [[(show("  ".join(parts)), "dim")]] if parts else []
    lines += [[(f"{'skipped: ' * (row.sign == '!')}{show(row.note)}", "warn")]] if row.note else []
    for key in dict.fromkeys((*row.before, *row.after)):
        if key in row.before:
            lines.append([(show(f"-{key} = {row.before[key]}"), "bad")])
        if key in row.after:
            lines.append([(show(f"+{key} = {row.after[key]}"), "good")])
    return lines
