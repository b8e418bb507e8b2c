"""The App of one look: settings, files and folders of now. What is costly to make outlasts it."""

from typing import TYPE_CHECKING

from ssohelper.app import App
from ssohelper.errors import SsoHelperError

if TYPE_CHECKING:
    from ssohelper.settings import Settings


class Lasting:
    """The last settings that were good."""

    def __init__(self, settings: "Settings") -> None:
        self.settings = settings


class ServingApp(App):
    """Made anew for each look, days long; `lasting` is the server's."""

    lasting: Lasting | None = None

    def read_settings(self) -> "Settings":
        """A slip while somebody edits their file must not end a job of days: it is a warning."""
        if self.lasting is None:
            return super().read_settings()
        try:
            self.lasting.settings = super().read_settings()
        except SsoHelperError as trouble:
            self.warn(f"settings as they were before are used: {trouble.message}")
        return self.lasting.settings
