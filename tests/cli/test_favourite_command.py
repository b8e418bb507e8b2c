"""`favourite add`, `rm` and `list`, run as the real program."""

import json

PROFILE = (
    "[profile prod]\nsso_session = corp\nsso_account_id = 000030000001\nsso_role_name = Admin\n"
)


def test_a_favourite_is_added_listed_and_removed(home, run):
    home.add_session("corp")
    home.write_config(home.config_file.read_text() + PROFILE)
    added = run("favourite", "add", "prod")
    assert (added.returncode, added.stderr) == (0, '"prod" is a favourite\n')
    assert run("favourite", "add", "prod").stderr == '"prod" was already a favourite\n'
    assert run("favourite", "list").stdout == "corp\t000030000001\tAdmin\n"
    printed = json.loads(run("favourite", "list", "--json").stdout)
    assert printed["data"] == [
        {"session": "corp", "account_id": "000030000001", "role_name": "Admin"}
    ]
    removed = run("favourite", "rm", env={"AWS_PROFILE": "prod"})
    assert (removed.returncode, removed.stderr) == (0, '"prod" is no longer a favourite\n')
    assert run("favourite", "rm", "prod").stderr == '"prod" was not a favourite\n'
    assert run("favourite", "list").stdout == ""


def test_a_role_without_a_profile_can_be_a_favourite(home, run):
    home.add_session("corp")
    assert run("favourite", "add", "corp:000030000001/Read").returncode == 0
    assert run("favourite", "list").stdout == "corp\t000030000001\tRead\n"


def test_an_unknown_profile_is_exit_2(home, run):
    home.add_session("corp")
    answer = run("favourite", "add", "nope")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert 'no profile named "nope"' in answer.stderr
    assert run("favourite", "add").returncode == 2
