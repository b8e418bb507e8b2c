"""Lets the full screens of a test process share the CSS that Textual has parsed.

Textual parses all its CSS again whenever a screen is shown first, and each test starts a full
screen: that took a fifth of the processor time of tests/tui/screens.
"""

from typing import Any
from unittest import mock

from textual.css import stylesheet
from textual.css.model import RuleSet

_tokenize_values, _parse = stylesheet.tokenize_values, stylesheet.parse
_tokens: dict[tuple[tuple[str, str], ...], Any] = {}
# The id of the variables' tokens is in the key. They are kept with the rules, since another object
# could get the id of one that was freed.
_rules: dict[tuple[object, ...], tuple[Any, list[RuleSet]]] = {}


def share_parsed_css() -> None:
    """From now on, parse each CSS text only once with the same values of its variables."""
    mock.patch.object(stylesheet, "tokenize_values", _tokenize_values_once).start()
    mock.patch.object(stylesheet, "parse", _parse_once).start()


def _tokenize_values_once(values: dict[str, str]) -> Any:
    key = tuple(values.items())
    if key not in _tokens:
        _tokens[key] = _tokenize_values(values)
    return _tokens[key]


def _parse_once(scope: str, css: str, read_from: object, **options: Any) -> list[RuleSet]:
    tokens = options["variable_tokens"]
    key = (scope, css, read_from, id(tokens), options["is_default_rules"], options["tie_breaker"])
    if key not in _rules:
        _rules[key] = (tokens, list(_parse(scope, css, read_from, **options)))
    return _rules[key][1]
