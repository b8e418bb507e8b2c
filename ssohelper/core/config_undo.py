"""What takes back one write of ours from a config that may have been edited since. Pure."""

from ssohelper.core.config_edit import AddSection, Change, EditSection, RemoveSection
from ssohelper.core.config_text import ConfigText, Section


def inverse(before: ConfigText, after: ConfigText, current: ConfigText) -> list[Change]:
    """Return the changes that take `before` → `after` back from `current`, and nothing else.

    A key that somebody changed since stays; a section that holds more than ours keeps the rest.
    """
    renamed = _renamed(before, after)
    changes: list[Change] = []
    for header, section in after.sections.items():
        there = current.sections.get(header)
        old = before.sections.get(renamed.get(header, header))
        if there is None:
            continue
        if old is None:
            changes += _take_back(there, section)
        else:
            changes += _put_back(there, section, old)
    gone = before.sections.keys() - after.sections.keys() - set(renamed.values())
    for header in before.sections:
        if header in gone and header not in current.sections:
            changes.append(_again(before, before.sections[header]))
    return changes


def _renamed(before: ConfigText, after: ConfigText) -> dict[str, str]:
    """Return new header → old header of the sections that only their name tells apart."""
    gone = {
        tuple(sorted(_values(section).items())): header
        for header, section in before.sections.items()
        if header not in after.sections and section.keys
    }
    found = {}
    for header, section in after.sections.items():
        if header not in before.sections:
            old = gone.pop(tuple(sorted(_values(section).items())), None)
            if old is not None:
                found[header] = old
    return found


def _take_back(there: Section, ours: Section) -> list[Change]:
    """Return what removes a section that we added, or only our keys of it."""
    values, our_values = _values(there), _values(ours)
    left = [key for key, value in values.items() if our_values.get(key) != value]
    if not left:
        return [RemoveSection(there.header)]
    drop = tuple(key for key in values if key not in left)
    return [EditSection(there.header, drop=drop)] if drop else []


def _put_back(there: Section, ours: Section, old: Section) -> list[Change]:
    """Return what gives the keys that we changed their old values."""
    now, our_values, old_values = _values(there), _values(ours), _values(old)
    assign, drop = [], []
    for key in {**our_values, **old_values}:
        wrote = our_values.get(key)
        was = old_values.get(key)
        if wrote == was or now.get(key) != wrote:
            continue
        if was is None:
            drop.append(key)
        elif was and "\n" not in was:
            assign.append((key, was))
    header = old.header if old.header != there.header else None
    if not assign and not drop and header is None:
        return []
    return [EditSection(there.header, tuple(assign), tuple(drop), header)]


def _again(before: ConfigText, section: Section) -> AddSection:
    """Return the removed section with its very lines; its comments never went away."""
    lines = before.lines[section.line : section.last_line + 1]
    kept = [line for line in lines if not line.lstrip().startswith(("#", ";"))]
    return AddSection(section.header, (), tuple(kept))


def _values(section: Section) -> dict[str, str]:
    return {name: key.value for name, key in section.keys.items()}
