"""The variables of a role: the reason of a grant is in the id of the application."""

import pytest

from ssohelper.actions import environment, guards
from ssohelper.core.model import Profile
from ssohelper.errors import ConfigInvalid
from tests.actions.test_guards import GuardedApp
from tests.actions.world import CONFIG, KEY, ROLE, SESSION

OTHER = KEY._replace(role_name="Admin")


@pytest.fixture
def app(tmp_path) -> GuardedApp:
    return GuardedApp(tmp_path)


class TestReason:
    """The application id of the AWS SDKs, by which CloudTrail shows the reason."""

    def test_a_grants_reason_is_the_application_id_unless_the_user_has_one(self, app):
        before = environment.Environment({}, ())
        assert guards.with_grant_reason(app, KEY, before) == before
        app.grant()
        found = guards.with_grant_reason(app, KEY, before)
        assert found.set == {environment.APP_ID: "ssohelper-INC-4711-for-ana"}
        assert guards.with_grant_reason(app, OTHER, before) == before
        app.environ[environment.APP_ID] = "mine"
        before = environment.Environment({}, ())
        assert guards.with_grant_reason(app, KEY, before) == before

    def test_the_application_id_has_at_most_50_characters(self, app: GuardedApp):
        guards.grant_role(app, KEY, "x" * 200, 60)
        found = guards.with_grant_reason(app, KEY, environment.Environment({}, ()))
        assert len(found.set[environment.APP_ID]) == 50

    def test_an_id_of_an_earlier_use_is_unset_for_a_role_that_no_rule_guards(self, app: GuardedApp):
        app.environ[environment.APP_ID] = "ssohelper-old"
        found = guards.with_grant_reason(app, OTHER, environment.Environment({}, ("A",)))
        assert found == environment.Environment({}, ("A", environment.APP_ID))


@pytest.mark.parametrize(
    ("given", "is_of_profile"), [(None, True), ("moon-9", True), ("mars-9", False)]
)
def test_a_profiles_region_that_is_invalid_is_refused_with_its_line(app, given, is_of_profile):
    app.locations.aws_config_file.write_text(f"{CONFIG}[profile p]\nregion = moon-9\n")
    # As when both are read from text, the two regions are equal but not the same object.
    profile = Profile("p", SESSION, ROLE, "".join(["moon", "-9"]))
    with pytest.raises(ConfigInvalid) as caught:
        environment.choose_region_for_requests(app, profile, given)
    named = f"{app.locations.aws_config_file}:5: " in caught.value.message
    assert named is is_of_profile, caught.value.message
