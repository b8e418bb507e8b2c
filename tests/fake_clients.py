"""Lets a test's own `App` make some clients of AWS's services itself."""

from typing import Any

from ssohelper.app import App
from ssohelper.collaborators.aws_clients import AwsClients

_NAMES = ("portal", "oidc", "find_portal_url")


def clients_made_by(app: App) -> AwsClients:
    """Return the App's clients; those that its class has a method for are made by that method."""
    clients: Any = AwsClients(app)
    for name in _NAMES:
        if hasattr(app, name):
            setattr(clients, name, getattr(app, name))
    return clients  # type: ignore[no-any-return]
