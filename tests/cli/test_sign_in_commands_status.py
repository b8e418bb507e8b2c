"""What status prints beside the clocks, and how commands end for sessions that cannot be used."""

import json


class TestUnusableSessions:
    CONFIG = (
        "[sso-session corp]\nsso_start_url = https://d-0000000000.awsapps.com/start\n"
        "sso_region = us-east-1\n\n"
        "[sso-session nowhere]\nsso_start_url = https://d-1111111111.awsapps.com/start\n"
        "sso_region = mars-north-1\n\n[sso-session half]\nsso_region = us-east-1\n"
    )

    def test_status_lists_them_with_the_reason(self, run, home):
        home.write_config(self.CONFIG)
        done = run("status", "--json")
        assert done.returncode == 0
        usable, nowhere, half = json.loads(done.stdout)["data"]["sessions"]
        assert (usable["name"], usable["state"], usable["reason"]) == ("corp", "signed_out", None)
        assert nowhere["state"] == half["state"] == "unusable"
        assert nowhere["region"] == "mars-north-1"
        assert nowhere["reason"].startswith(f"{home.config_file}:7: ")
        assert '"mars-north-1" is no AWS region' in nowhere["reason"]
        assert (half["start_url"], half["region"]) == (None, "us-east-1")
        assert 'has no "sso_start_url"' in half["reason"]
        assert set(usable) == set(nowhere) == set(half)

    def test_status_and_login_of_an_unusable_session_are_exit_3_with_its_line(self, run, home):
        home.write_config(self.CONFIG)
        for argv in (("status", "nowhere"), ("login", "nowhere")):
            done = run(*argv)
            assert done.returncode == 3
            assert f"{home.config_file}:7: " in done.stderr

    def test_a_check_without_any_usable_session_is_exit_3(self, run, home):
        home.write_config(self.CONFIG.partition("\n\n")[2])
        assert run("status").returncode == 0
        assert run("status", "--check").returncode == 3
