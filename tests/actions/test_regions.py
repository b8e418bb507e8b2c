"""Where a company's start URL leads, and how the portals of a session are asked in turn."""

import json
from contextlib import suppress
from typing import Any

import pytest

from ssohelper.actions import regions
from ssohelper.errors import (
    AwsUnreachable,
    ConfigInvalid,
    LocalState,
    RoleNotAssigned,
    Throttled,
    TokenRejected,
)
from tests.actions.world import NOW, SESSION, WorldApp

OWN = SESSION._replace(start_url="https://sso.example.com/")
PLAIN = "https://d-0000000000.awsapps.com/start"
REGIONAL = "https://ssoins-1234567890abcdef.portal.eu-central-1.app.aws"
NO_UI: Any = None


class OwnUrlApp(WorldApp):
    leads_to = PLAIN

    def find_portal_url(self, start_url: str) -> str:
        assert start_url == OWN.start_url
        return self.leads_to


@pytest.mark.parametrize("has_earlier", [False, True])  # the portal of another start URL
@pytest.mark.parametrize(
    ("leads_to", "region"), [(PLAIN, SESSION.region), (REGIONAL, "eu-central-1")]
)
def test_the_region_is_that_of_the_portal(tmp_path, leads_to, region, has_earlier):
    app = OwnUrlApp(tmp_path)
    app.leads_to = leads_to
    if has_earlier:
        urls = {"start_url": "https://old.example.com/", "portal_url": PLAIN_TWO}
        regions.save_portal_address(app, SESSION._replace(**urls))
    found = regions.resolve_portal_of_session(app, OWN, NO_UI)
    assert (found.portal_url, found.region) == (leads_to, region)
    assert len(app.warnings) == (region != SESSION.region)


def test_a_start_url_on_an_aws_host_is_used_without_a_request(tmp_path):
    assert regions.resolve_portal_of_session(WorldApp(tmp_path), SESSION, NO_UI) == SESSION


HERE = "https://ssoins-1234abcd.eu-west-1.portal.amazonaws.com"
PLAIN_TWO = "https://d-2222222222.awsapps.com/start"


@pytest.mark.parametrize(
    ("earlier", "found", "warnings", "is_other"),
    [
        (HERE, HERE, 0, False),
        (HERE, HERE + "/#/", 0, False),
        (HERE, "https://ssoins-1234abcd.portal.eu-west-1.app.aws", 0, False),
        (HERE, "https://ssoins-1234abcd.eu-central-1.portal.amazonaws.com", 1, False),
        (HERE, "https://ssoins-1234abcd.portal.eu-central-1.app.aws/", 1, False),
        (HERE, "https://ssoins-9999.eu-west-1.portal.amazonaws.com", 0, True),
        (HERE, "https://ssoins-1234abcd.us-gov-west-1.portal.amazonaws.com", 0, True),
        (HERE, "https://ssoins-1234abcdef.eu-west-1.portal.amazonaws.com", 0, True),
        (HERE, PLAIN, 0, True),
        (PLAIN, PLAIN_TWO, 0, True),
        (PLAIN, PLAIN + "/", 0, False),
    ],
)
def test_another_portal_must_be_confirmed_and_another_region_is_a_warning(
    tmp_path, earlier, found, warnings, is_other
):
    app, asked = OwnUrlApp(tmp_path), []
    regions.save_portal_address(app, OWN._replace(portal_url=earlier))
    app.leads_to = found

    def confirm(*portals: str) -> bool:
        asked.append(portals)
        return len(asked) > 1

    if is_other:
        with pytest.raises(ConfigInvalid, match=f"now leads to {found}"):
            regions.resolve_portal_of_session(app, OWN, confirm)
    assert regions.resolve_portal_of_session(app, OWN, confirm).portal_url == found
    assert asked == [(earlier, found)] * 2 * is_other
    assert len(app.warnings) == warnings


# -- asking one portal after another ---------------------------------------------------------------

ONE, TWO, THREE = SESSION.region, "eu-central-1", "us-west-2"
REFUSALS = (TokenRejected("401"), RoleNotAssigned("403"))


class Portals:
    """A session with three portals that are signed in, each of which answers or fails."""

    def __init__(self, app, monkeypatch):
        further = [SESSION._replace(region=one, is_further=True) for one in (TWO, THREE)]
        monkeypatch.setattr(regions, "list_further_portals", lambda *_: further)
        monkeypatch.setattr(regions, "is_further_signed_in", lambda *_: True)
        self.app = app
        self.failing = {}
        self.asked = []

    def ask(self, portal, limit):
        self.asked.append((portal.region, limit.seconds_left()))
        if error := self.failing.get(portal.region):
            raise error
        return portal

    def call(self, later=0, **failing):
        """Return which regions are asked, by their letters."""
        self.app.at += later
        names = {"one": ONE, "two": TWO, "three": THREE}
        self.failing = {names[name]: error for name, error in failing.items()}
        self.asked.clear()
        with suppress(*map(type, failing.values())):
            regions.ask_regions_in_turn(self.app, SESSION, 4, self.app.clock.deadline(9), self.ask)
        letters = {ONE: "A", TWO: "B", THREE: "C"}
        return "".join(letters[region] for region, _ in self.asked)


@pytest.fixture
def portals(tmp_path, monkeypatch):
    app = WorldApp(tmp_path)
    return Portals(app, monkeypatch)


DOWN = AwsUnreachable("no route")


def test_the_region_that_answered_is_asked_first_for_five_minutes(portals):
    assert portals.call() == "A"
    assert portals.call(one=DOWN) == "AB"
    assert regions.list_portals_to_ask(portals.app, SESSION)[0].region == TWO
    assert portals.call(299, one=DOWN) == "B"
    assert portals.call(1, one=DOWN) == "AB"
    assert portals.call(300) == "A"
    assert portals.call() == "A"
    assert regions.list_portals_to_ask(portals.app, SESSION)[0].region == ONE


def test_any_number_of_regions_may_fail(portals):
    assert portals.call(one=DOWN, two=Throttled("429")) == "ABC"
    assert portals.call(one=DOWN, two=DOWN) == "C"
    assert portals.call(one=DOWN, three=DOWN) == "CAB"
    assert portals.call(two=DOWN) == "BA"
    assert portals.call() == "A"


def test_while_no_region_answers_all_are_asked_and_the_last_gets_the_time_that_is_left(portals):
    for _ in range(2):
        assert portals.call(one=DOWN, two=DOWN, three=DOWN) == "ABC"
    assert [round(seconds) for _, seconds in portals.asked] == [4, 4, 9]
    assert portals.call() == "A"


@pytest.mark.parametrize("refusal", REFUSALS, ids=repr)
def test_a_refusal_is_an_answer(portals, refusal):
    assert portals.call(one=DOWN, two=refusal) == "AB"
    assert portals.call(one=refusal) == "B"
    assert portals.call(300, one=refusal) == "A"
    assert portals.call() == "A"


def test_a_further_region_whose_token_cannot_be_used_is_passed_over(portals):
    assert portals.call(one=DOWN, two=LocalState("damaged")) == "ABC"
    assert portals.call(300, one=LocalState("damaged")) == "A"


@pytest.mark.parametrize("later", [300, -1])
def test_a_record_that_is_old_or_of_a_clock_that_was_set_back_counts_no_more(portals, later):
    portals.call(one=DOWN)
    assert portals.call(later, one=DOWN) == "AB"


@pytest.mark.parametrize(
    "content", ["", "[]", '{"region": 3, "until": 1}', '{"region": "x", "until": true}', "{}"]
)
def test_a_damaged_record_counts_as_none(portals: Portals, content: str):
    portals.call(one=DOWN)
    [path] = portals.app.locations.runtime_folder.rglob("regions/*.json")
    assert json.loads(path.read_text()) == {"region": TWO, "until": NOW + 300}
    path.write_text(content)
    assert portals.call() == "A"


def test_a_failure_of_the_only_portal_is_not_recorded(tmp_path):
    """A record would have the next request go to a region that is added to the settings later."""
    app = WorldApp(tmp_path)
    asked = []

    def fail(portal, _limit):
        asked.append(portal)
        raise DOWN

    with pytest.raises(AwsUnreachable, match="no route"):
        regions.ask_regions_in_turn(app, SESSION, 4, app.clock.deadline(9), fail)
    assert asked == [SESSION]
    assert app.answering_regions.load(SESSION.name) is None
