"""Checks of `doctor`: variables of this shell whose values AWS tools refuse. Pure.

Measured with botocore 1.44.8 and AWS CLI 2.23.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ssohelper.core.doctor.facts import Facts
from ssohelper.core.doctor.findings import Finding, problem
from ssohelper.core.doctor.preferred_variables import EMPTY_VARIABLE
from ssohelper.core.doctor.values import ACCEPTED
from ssohelper.core.text import show

# Each variable has the same effect as this key of the config, and takes the same values.
_KEYS: Mapping[str, str] = {
    "AWS_DEFAULT_OUTPUT": "output",
    "AWS_RETRY_MODE": "retry_mode",
    "AWS_MAX_ATTEMPTS": "max_attempts",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "request_checksum_calculation",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "response_checksum_validation",
}
_DEFAULTS_MODES = "(?i:legacy|auto|standard|in-region|cross-region|mobile)"
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
NAMES = (*_KEYS, "AWS_DEFAULTS_MODE", *_REGIONS)
_BOTO3, _CLI, _BOTH = "boto3 stops", "the AWS CLI stops", "boto3 and the AWS CLI stop"


def check_variables_refused_by_aws_tools(facts: Facts) -> Iterator[Finding]:
    """Find variables with a value for which AWS tools stop with every profile."""
    for name in (one for one in NAMES if one in facts.environ):
        value = facts.environ[name]
        who = _tools_that_stop_for_variable(name, value, facts.environ)
        if not who:
            continue
        what = f'is "{show(value, 60)}"' if value else "is set and empty"
        yield problem(
            "variable-refused" if value else EMPTY_VARIABLE,
            "this shell",
            f"{name} {what}: {who} with an error",
            f"unset {name}",
        )


def _tools_that_stop_for_variable(name: str, value: str, environ: Mapping[str, str]) -> str:
    """Return which of boto3 and the AWS CLI stop if a variable has this value; "" if none."""
    if name == "AWS_REGION":
        return "" if value else _CLI  # boto3 does not read AWS_REGION
    if name == "AWS_DEFAULT_REGION":
        return "" if value else _BOTO3 if "AWS_REGION" in environ else _BOTH
    if name == "AWS_DEFAULTS_MODE":
        return "" if re.fullmatch(_DEFAULTS_MODES, value) else _BOTO3
    if (name, value) == ("AWS_RETRY_MODE", "legacy"):
        return "AWS CLI 2 stops"
    pattern, _accepted = ACCEPTED[_KEYS[name]]
    if re.fullmatch(pattern, value):
        return ""
    return _CLI if name == "AWS_DEFAULT_OUTPUT" else _BOTH


CHECKS = (check_variables_refused_by_aws_tools,)
