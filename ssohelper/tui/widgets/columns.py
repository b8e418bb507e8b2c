"""Lays out the columns of the list of roles: as wide as their content, and no two rows drawn alike."""

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations
from operator import itemgetter
from typing import NamedTuple

from rich.cells import cell_len

from ssohelper.core.role_rows import RoleRow
from ssohelper.core.text import is_harmless, show
from ssohelper.tui.widgets.cells import fitted

ACCOUNT_ID_WIDTH = 12
_ID_WIDTH = ACCOUNT_ID_WIDTH + 1
# The blanks between name, id and session in a heading.
HEADING_GAP = 2
_AGE_WIDTH = 8 + 1
# In fewer cells, a column of profiles would show too little of their names.
_LEAST_PROFILE = 16
# If there is no space for a profile's name, a sign of this width shows that the role has one.
PROFILE_SIGN_WIDTH = 2
# The width of the mark of live credentials with the time left, and of the mark alone, which is
# shown on narrow terminals.
LIVE_WIDTH, _LIVE_SIGN_WIDTH = 5, 2
# The least total widths at which there is space for the columns that can be left out.
_LEAST_FOR_LIVE, _LEAST_FOR_SIGN = 50, 24
_LEAST_FOR_AGE, _LEAST_FOR_ID, _LEAST_FOR_SESSION = 50, 64, 80
_LEAST_NAME = 4
# The least width of a text that is cut: one letter and the ellipsis.
_LEAST_TEXT = 2
# The positions of role, account's name, session and account's id in `_texts_of_row`.
_FIELDS = range(4)


class Columns(NamedTuple):
    """The width of each column in cells, with a blank at its end.

    A column of width 0 is not shown.

    The fields `…_tail` say where a text is cut: see `cells.fitted`.
    """

    name: int
    id: int
    role: int
    session: int
    profile: int
    age: int
    live: int = 0
    name_tail: int = 0
    role_tail: int = 0
    id_tail: int = 0
    session_tail: int = 0


class HeadingColumns(NamedTuple):
    """The greatest widths of id and session in headings. The name gets the cells that are left."""

    id: int
    id_tail: int
    session: int
    session_tail: int


class Content(NamedTuple):
    """The cells that the longest text of each column takes, over all rows of a list."""

    name: int
    role: int
    session: int
    profile: int
    several_sessions: bool
    has_live: bool = False

    def with_live_marks(self, has_live: bool) -> "Content":
        return Content(*self[:5], has_live)


def measure_columns(rows: Sequence[RoleRow]) -> Content:
    sessions = set(map(itemgetter(0), rows))
    accounts = set(map(itemgetter(1), rows))
    profiles = set(map(itemgetter(3), rows))
    providers = set(map(itemgetter(6), rows))
    return Content(
        max(widest_cells(account.name for account in accounts), _ID_WIDTH - 1),
        widest_cells(set(map(itemgetter(2), rows))),
        widest_cells(sessions),
        max(widest_cells(map(" ".join, profiles)), widest_cells(providers)),
        len(sessions - {""}) > 1,
    )


def lay_out_columns(
    visible: Sequence[RoleRow], width: int, content: Content, *, grouped: bool = False
) -> Columns:
    """Return the columns in which all visible rows are drawn differently, or else most of them.

    `width` does not count the cells of signs. With `grouped`, only rows of one account must differ.
    """
    wanted: tuple[tuple[bool, bool, bool], ...] = (
        # The layouts in the order in which they are tried: whether the account's id, the session
        # and the account's name are shown, however little space there is.
        (False, False, True),
        (True, False, True),
        (False, True, True),
        (True, True, True),
        (True, True, False),
    )
    if content.name + content.role + 2 > width:
        # Names must be cut, so only the visible ones are measured: the columns may be narrower.
        content = content._replace(
            name=widest_cells({row.account.name or row.account.id for row in visible}),
            role=widest_cells({row.role_name for row in visible}),
        )
    columns = _make_columns(width, content, *wanted[0], grouped=grouped)
    for with_id, with_session, with_name in wanted[: 1 if grouped else None]:
        columns = _make_columns(width, content, with_id, with_session, with_name, grouped=grouped)
        names = {row.account.name or row.account.id for row in visible}
        name_tail = distinguishing_tail(names, columns.name - 1)
        role_tail = distinguishing_tail({row.role_name for row in visible}, columns.role - 1)
        columns = Columns(*columns[:7], name_tail, role_tail)
        if grouped or _count_different_lines(visible, columns, width) == len(visible):
            return columns
    return _lay_out_few_columns(visible, width) or columns


def lay_out_account_headings(
    visible: Sequence[RoleRow], width: int, *, has_session: bool
) -> HeadingColumns:
    """Return how to draw the headings of these rows' accounts so that all of them differ.

    The session is cut first, as far as all sessions still differ, then the account's id.
    """
    session = session_tail = 0
    if has_session:
        sessions = {row.session_name for row in visible}
        widest = widest_cells(sessions)
        space = width - _LEAST_NAME - 2 * HEADING_GAP - ACCOUNT_ID_WIDTH
        session = min(widest, max(space, _least_distinct_width(sessions, widest)))
        session_tail = distinguishing_tail(sessions, session)
    space = width - HEADING_GAP - session if session else width
    account_id = max(_LEAST_TEXT, min(ACCOUNT_ID_WIDTH, space))
    id_tail = distinguishing_tail({row.account.id for row in visible}, account_id)
    return HeadingColumns(account_id, id_tail, session, session_tail)


def _lay_out_few_columns(visible: Sequence[RoleRow], width: int) -> Columns | None:
    """Return only the columns in which the rows differ, as narrow as possible, or None."""
    texts = [_texts_of_row(row) for row in visible]
    width += 1  # the blank at the end of the last column needs no space
    best: tuple[int, Columns | None] = (1, None)
    # Fewer columns first: of two layouts that tell as many rows apart, the first is used.
    for count in range(1, len(_FIELDS) + 1):
        for fields in combinations(_FIELDS, count):
            columns = _narrow_columns(texts, fields, width)
            different = columns and _count_different_lines(visible, columns, width)
            if different and different > best[0]:
                best = (different, columns)
    return best[1]


def _narrow_columns(
    texts: Sequence[tuple[str, ...]], fields: Sequence[int], width: int
) -> Columns | None:
    distinct = {field: {text[field] for text in texts} for field in fields}
    widths = {field: _least_distinct_width(distinct[field], width - 1) + 1 for field in fields}
    left = width - sum(widths.values())
    if left < 0:
        return None
    for field in fields:
        more = min(left, widest_cells(distinct[field]) + 1 - widths[field])
        if more > 0:
            widths[field] += more
            left -= more
    tails = {field: distinguishing_tail(distinct[field], widths[field] - 1) for field in fields}
    role, name, session, account_id = (widths.get(field, 0) for field in _FIELDS)
    role_tail, name_tail, session_tail, id_tail = (tails.get(field, 0) for field in _FIELDS)
    return Columns(
        name,
        account_id,
        role,
        session,
        profile=0,
        age=0,
        name_tail=name_tail,
        role_tail=role_tail,
        id_tail=id_tail,
        session_tail=session_tail,
    )


def _least_distinct_width(texts: Collection[str], most: int) -> int:
    """Return the least width up to `most` at which the cut texts differ, or else _LEAST_TEXT."""
    for width in range(_LEAST_TEXT, most + 1):
        tail = distinguishing_tail(texts, width)
        if len({fitted(text, width, tail) for text in texts}) == len(texts):
            return width
    return _LEAST_TEXT


def _texts_of_row(row: RoleRow) -> tuple[str, str, str, str]:
    return row.role_name, row.account.name or row.account.id, row.session_name, row.account.id


def _make_columns(
    width: int,
    content: Content,
    with_id: bool,
    with_session: bool,
    with_name: bool,
    *,
    grouped: bool,
) -> Columns:
    age = _AGE_WIDTH if width >= _LEAST_FOR_AGE else 0
    # In a tree, the heading of an account shows its name, its id and the session.
    account_id = _ID_WIDTH if not grouped and (with_id or width >= _LEAST_FOR_ID) else 0
    session = 0
    if not grouped and (with_session or (content.several_sessions and width >= _LEAST_FOR_SESSION)):
        session = min(content.session + 1, max(13, width // 5))
    live = 0
    if content.has_live:
        has_space = width >= (_LEAST_FOR_SIGN if grouped else _LEAST_FOR_LIVE)
        live = LIVE_WIDTH if has_space else min(width, _LIVE_SIGN_WIDTH)
    sign = PROFILE_SIGN_WIDTH if content.profile and width >= _LEAST_FOR_SIGN else 0
    left = max(0, width - age - account_id - session - live - sign)
    name = content.name + 1 if with_name and not grouped else 0
    role = content.role + 1
    if name + role > left:
        # The names of account and role are both cut. The role's name is cut less, since accounts
        # have longer names.
        role = min(role, max(left * 9 // 20, left - name)) if name else min(role, left)
        name = min(name, left - role)
        if name <= _LEAST_NAME and name < content.name and with_name and not grouped:
            name = min(left, _LEAST_NAME + 1)
            role = left - name
    left -= name + role
    profile = sign
    if sign and left + sign >= _LEAST_PROFILE:
        profile = min(left + sign, max(_LEAST_PROFILE, content.profile + 1))
        left -= profile - sign
    # The space that is left separates the age of the last use, or the mark of live credentials, from
    # the columns before it.
    if live and age:
        live += left
    elif age:
        age += left
    return Columns(name, account_id, role, session, profile, age, live)


def distinguishing_tail(texts: Collection[str], width: int) -> int:
    """Return a `tail` for cells.fitted with which the texts, cut to `width`, differ; else 0."""
    if width < 2:
        return 0
    for tail in (0, width // 2, width // 4, width * 3 // 4, width - 1):
        if len({fitted(text, width, tail) for text in texts}) == len(texts):
            return tail
    # The texts differ in the middle: leave out the equal start of those that would look alike.
    alike: dict[str, list[str]] = {}
    for text in texts:
        alike.setdefault(fitted(text, width), []).append(text)
    skip = min(_common_start_length(group) for group in alike.values() if len(group) > 1)
    return -skip if len({fitted(text, width, -skip) for text in texts}) == len(texts) else 0


def _common_start_length(texts: Collection[str]) -> int:
    first, last = min(texts), max(texts)
    pairs = enumerate(zip(first, last, strict=False))
    return next((at for at, (one, two) in pairs if one != two), len(first))


def _count_different_lines(rows: Sequence[RoleRow], columns: Columns, width: int) -> int:
    """Return how many of the drawn lines of the rows differ, or 0 if the columns do not fit."""
    if columns.name + columns.id + columns.role + columns.session > width:
        return 0
    return len(
        {
            (
                fitted(row.account.name or row.account.id, columns.name - 1, columns.name_tail),
                fitted(row.account.id, columns.id - 1, columns.id_tail),
                fitted(row.role_name, columns.role - 1, columns.role_tail),
                fitted(row.session_name, columns.session - 1, columns.session_tail),
            )
            for row in rows
        }
    )


def widest_cells(texts: Iterable[str]) -> int:
    """Return how many cells the widest text takes after escaping, or 0 if there is no text."""
    return max(map(_text_width, texts), default=0)


def _text_width(text: str) -> int:
    return len(text) if text.isascii() and is_harmless(text) else cell_len(show(text))
