"""What a person chose for a session's profiles: a bare `profile sync` repeats it."""

from typing import NamedTuple

from ssohelper.core.model import Role

PROCESS, NATIVE = "process", "sso"
FORMS = (PROCESS, NATIVE)


class Choices(NamedTuple):
    """Filters (GLOB or !GLOB), template, form and region of one session; None: never said.

    `removed` holds the roles whose profile the person removed: sync does not bring them back.
    """

    accounts: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    template: str | None = None
    form: str | None = None
    default_region: str | None = None
    removed: frozenset[Role] = frozenset()


NO_CHOICES = Choices()
