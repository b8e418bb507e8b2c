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
    role = {"session": "corp", "account_id": "000030000001", "role_name": "Admin"}
    assert printed["data"] == [role]
    removed = run("favourite", "rm", env={"AWS_PROFILE": "prod"})
    assert (removed.returncode, removed.stderr) == (0, '"prod" is no longer a favourite\n')
    assert run("favourite", "rm", "prod").stderr == '"prod" was not a favourite\n'
    assert run("favourite", "list").stdout == ""
    # A role without a profile.
    assert run("favourite", "add", "corp:000030000001/Read").returncode == 0
    assert run("favourite", "list").stdout == "corp\t000030000001\tRead\n"
    answer = run("favourite", "add", "nope")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert 'no profile named "nope"' in answer.stderr
    assert run("favourite", "add").returncode == 2
