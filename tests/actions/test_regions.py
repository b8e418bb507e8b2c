"""How the portals of a session are asked, one after the other."""

from pathlib import Path

import pytest

from ssohelper.actions import regions
from ssohelper.actions.regions import PortalToAsk
from ssohelper.errors import AwsUnreachable
from tests.actions.world import SESSION, WorldApp


def test_a_failure_of_the_only_portal_is_not_recorded(tmp_path: Path) -> None:
    """A record would have the next request go to a region that is added to the settings later."""
    app = WorldApp(tmp_path)
    asked = []

    def fail(portal: PortalToAsk) -> None:
        asked.append(portal.session)
        raise AwsUnreachable("no route")

    with pytest.raises(AwsUnreachable, match="no route"):
        regions.ask_regions_in_turn(app, SESSION, fail)
    assert asked == [SESSION]
    assert app.region_failures.load(SESSION.name) == {}
