"""Suggests another search for one without results: similar names in place of mistyped words."""

import re
from collections.abc import Iterable, Sequence

from ssohelper.core.query import fold_case
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.search import Index
from ssohelper.core.similar_names import similar_names

# How similar to a mistyped word a name must be (0 to 1) to be offered. With a lower value, a name
# would be offered for every word.
_CUTOFF = 0.6
# The fewest characters of a word for which names are offered: shorter words are similar to too many
# names.
_LEAST = 4
_BETWEEN_WORDS = r"[\W\d_]+"


def suggest_search(query: str, index: Index, rows: Sequence[RoleRow]) -> str:
    """Return a search that finds rows, in place of a query that finds none; "" if there is none.

    Each word that finds no row alone is replaced by the most similar name of an account or a role,
    or a word of such a name. A word with a sign, such as `!dev` or `^pay`, is not replaced. `index`
    is the search index of `rows`. With 3,300 accounts, each word takes 60 ms.
    """
    words = query.split()
    for at, word in enumerate(words):
        if len(word) < _LEAST or not word[0].isalnum() or index.search(word, fuzzy=True):
            continue
        near = similar_names(fold_case(word), _list_names_and_words(rows), _CUTOFF)
        words[at] = near[0] if near else word
    found = " ".join(words)
    return found if index.search(found, fuzzy=True) else ""


def _list_names_and_words(rows: Iterable[RoleRow]) -> Iterable[str]:
    """Return the names of accounts and roles, and the words in them, in lower case, each once.

    Names with blanks are left out, because the search would read them as several words.
    """
    names = {name for row in rows for name in (row.account.name, row.role_name)}
    parts = [part for name in sorted(names) for part in re.split(_BETWEEN_WORDS, name)]
    whole = sorted(name for name in names if " " not in name)
    return dict.fromkeys(fold_case(name) for name in [*parts, *whole] if len(name) >= _LEAST)
