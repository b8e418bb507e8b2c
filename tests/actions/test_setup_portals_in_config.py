"""The portals that a first set-up finds in ~/.aws/config."""

from ssohelper.actions import setup
from tests.actions.world import SESSION, WorldApp

OTHER = "https://d-1111111111.awsapps.com/start"


def legacy(name: str, url: str) -> str:
    keys = f"sso_start_url = {url}\nsso_region = eu-west-1\n"
    return f"[profile {name}]\n{keys}sso_account_id = 000000000001\nsso_role_name = Read\n"


def test_each_portal_is_found_once_and_only_with_https(tmp_path):
    app = WorldApp(tmp_path)
    urls = (SESSION.start_url, f"{SESSION.start_url}/", OTHER, OTHER, "http://127.0.0.1:1/start")
    with app.locations.aws_config_file.open("a") as file:
        file.write("".join(legacy(f"p{number}", url) for number, url in enumerate(urls)))
    assert setup.find_portals_in_config(app) == [
        (SESSION.start_url, SESSION.region, "corp"),
        (OTHER, "eu-west-1", None),
    ]
