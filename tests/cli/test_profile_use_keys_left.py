"""What is said of keys that were handed out."""

from ssohelper.cli import profile_use
from tests.actions.world import HOUR, NOW, WorldApp, keys


def test_keys_are_told_with_the_time_that_is_left(tmp_path):
    said = profile_use.keys_time_left_text(WorldApp(tmp_path), keys("A", NOW + HOUR))
    assert said == "these keys end in 1h, at 2096-10-02T08:06:40Z"
