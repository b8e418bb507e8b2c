"""`--adopt` as the real program: what it takes over, what it asks and what it refuses."""

import re
from collections.abc import Callable, Iterator

import pytest

from ssohelper.actions import adopting, doctor_profiles, doctor_sessions, sync_choices
from ssohelper.actions.doctor_facts import Setup
from ssohelper.actions.selection import resolve_profile
from ssohelper.cli import role_profiles
from ssohelper.emulator.organization import START_URL
from ssohelper.emulator.server import Emulator
from ssohelper.errors import ConfigInvalid
from tests.actions.broken_homes import credentials, make_world
from tests.adopt.test_homes import in_process, write_home
from tests.cli.test_profile_commands_sync import ok, rows, saved
from tests.conftest import Home, Run
from tests.long_rows import long_after
from tests.saved_listing import DEV, PAY, URL

__all__ = ["saved"]  # fixtures

READ = f"sso_account_id = {PAY}\nsso_role_name = Read\n"
LEGACY = f"\n[profile old]\nsso_start_url = {URL}\nsso_region = eu-west-1\n{READ}"
BLOCK = (
    "\n# BEGIN_AWS_SSO_CLI\n"
    f"[profile a/Admin]\ncredential_process = aws-sso -S X process --arn arn:aws:iam::{PAY}:role/Admin\n\n"
    f"[profile {DEV}:Read]\ncredential_process = aws-sso -S X process --profile {DEV}:Read\n"
    "# END_AWS_SSO_CLI\n"
)


def add(home: Home, text: str) -> bytes:
    """Add text to the config; return the bytes of the file then."""
    home.write_config(home.config_file.read_text() + text)
    return home.config_file.read_bytes()


def add_program(home: Home, name: str) -> None:
    program = home.path / "bin" / name
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    home.env["PATH"] = f"{program.parent}:{home.env['PATH']}"


def test_sync_adopts_what_the_patterns_match(saved: Home, run: Run) -> None:
    before = add(saved, LEGACY)
    printed = ok(run("profile", "sync", "--adopt", "ol*", "--yes"))
    assert "2 profiles added, 1 adopted; undo with: ssohelper undo" in printed
    # The role of the adopted profile gets no second one.
    assert rows(run) == {"old": "process", "pay.Admin": "process", "dev.Read": "process"}
    ok(run("profile", "undo", "--yes"))
    assert saved.config_file.read_bytes() == before


def test_new_profiles_take_the_region_that_setup_would_propose(saved, run):
    keys = f"sso_session = corp\nsso_account_id = {PAY}\nsso_role_name = Admin\n"
    add(
        saved,
        f"\n[default]\nregion = eu-west-2\n[profile bare]\n{keys}{LEGACY}region = eu-west-2\n",
    )
    app = in_process(saved)
    [found] = doctor_profiles.check_regions(Setup(app))
    region = sync_choices.region_for_role(app, resolve_profile(app, "bare", None))
    assert (found.fix, region) == ("add a line: region = eu-west-2", "eu-west-2")
    said = ok(run("profile", "sync", "--adopt", "*", "--yes"))
    assert "get the region eu-west-2, that of [default]" in said
    app = in_process(saved)
    written = {one.name: one.keys.get("region") for one in app.config.read().profiles()}
    assert set(written.values()) == {"eu-west-2"}
    assert app.choices.load("corp").default_region == "eu-west-2"


def test_a_profile_that_does_not_work_does_not_count_for_its_role(saved: Home, run: Run) -> None:
    add(saved, LEGACY + BLOCK)
    printed = ok(run("profile", "sync", "--yes"))
    assert "of the AWS CLI or by hand (with sso_start_url): not working now" in printed
    assert (
        '2 profiles of aws-sso-cli: not working now: the program "aws-sso" of credential_process does not exist'
        in printed
    )
    assert "ssohelper profile sync --adopt '*'" in printed
    assert {"pay.Admin", "pay.Read", "dev.Read"} < rows(run).keys()


def test_profiles_on_a_source_that_does_not_work_are_found_until_it_is_adopted(saved, run):
    role = "[profile {}]\nrole_arn = arn:aws:iam::000000000001:role/R\nsource_profile = {}\n"
    add(saved, BLOCK + role.format("near", "a/Admin") + role.format("far", "near"))
    assert "source-unusable" in run("doctor").stdout
    ok(run("profile", "sync", "--adopt", "*", "--yes"))
    assert "source-unusable" not in run("doctor").stdout


def test_a_profile_of_an_installed_program_counts(saved: Home, run: Run) -> None:
    add(saved, BLOCK)
    add_program(saved, "aws-sso")
    printed = ok(run("profile", "sync", "--yes"))
    assert "2 profiles of aws-sso-cli: working if aws-sso works (it was not run)" in printed
    assert "(it was not run), if you give --region (the profile has none)" in printed
    with_region = run("profile", "sync", "--dry-run", env={"AWS_REGION": "eu-west-1"}).stderr
    assert "(it was not run)\n" in with_region
    assert 'skipped "pay.Admin": the profile "a/Admin" already points at this role' in printed
    # A profile for one role is added, since only a run would show whether that program works.
    ok(run("profile", "add", f"{PAY}/Admin", "--yes"))
    assert "pay.Admin" in rows(run)


def test_a_part_of_aws_sso_cli_is_adopted_as_a_whole_or_not_at_all(saved: Home, run: Run) -> None:
    before = add(saved, BLOCK)
    done = run("profile", "sync", "--adopt", "a/Admin", "--yes")
    assert (done.returncode, saved.config_file.read_bytes()) == (2, before)
    assert f"together or not at all; left out: {DEV}:Read" in done.stderr
    said = ok(run("profile", "sync", "--adopt", "a/Admin", "--adopt", f"{DEV}:*", "--yes"))
    assert "marker lines stay" not in said
    assert "AWS_SSO_CLI" not in saved.config_file.read_text()
    assert rows(run) == {"a/Admin": "process", f"{DEV}:Read": "process", "pay.Read": "process"}
    # An undo after an edit writes the markers again; only the order of keys may differ from before.
    add(saved, "\n[profile later]\nregion = eu-west-1\n")
    assert "+# BEGIN_AWS_SSO_CLI" in run("profile", "undo", "--dry-run").stdout
    ok(run("profile", "undo", "--yes"))
    text = saved.config_file.read_text()
    assert sorted(text.partition("\n[profile later]")[0].split()) == sorted(before.decode().split())
    begin, end = text.index("# BEGIN_AWS_SSO_CLI"), text.index("# END_AWS_SSO_CLI")
    assert begin < text.index("[profile a/Admin]") < text.index(f"[profile {DEV}:Read]") < end


def test_markers_that_stay_for_another_portal_are_said(saved: Home, run: Run) -> None:
    foreign = "[profile z]\ncredential_process = aws-sso -S Z process --arn arn:aws:iam::9:role/Z\n"
    end = "# END_AWS_SSO_CLI\n"
    add(saved, BLOCK.replace(end, foreign + end))
    said = ok(run("profile", "sync", "--adopt", "*", "--yes"))
    assert "2 adopted" in said
    assert (
        'skipped "z": not adopted, so aws-sso-cli\'s two marker lines stay: `aws-sso setup profiles` '
        "would write the adopted profiles again"
    ) in said
    assert "# BEGIN_AWS_SSO_CLI" in saved.config_file.read_text()


@pytest.mark.parametrize("has_no_role", [True, False])
def test_a_block_with_a_profile_that_cannot_be_adopted_is_left_as_it_is(saved, run, has_no_role):
    unnamed = "[profile a:b]\ncredential_process = aws-sso -S X process --profile a:b\n"
    end = "# END_AWS_SSO_CLI\n"
    before = add(saved, BLOCK.replace(end, unnamed * has_no_role + end) + LEGACY)
    stuck, other = ("a:b", "a/Admin") if has_no_role else ("a/Admin", f"{DEV}:Read")
    if not has_no_role:  # its section in the other file names another role
        credentials(saved, "[a/Admin]\nrole_arn = arn:x\nsource_profile = x\n")
    said = ok(run("profile", "sync", "--adopt", "*", "--yes"))
    assert "1 adopted" in said
    assert (
        f'skipped "{other}": not adopted: aws-sso-cli writes it together with "{stuck}", which '
        "cannot be adopted"
    ) in said
    begin, end_at = before.index(b"# BEGIN"), before.index(end.encode())
    assert before[begin:end_at] in saved.config_file.read_bytes()
    doctor = run("doctor").stdout
    assert "between the marks" not in doctor
    assert "--adopt a/Admin" not in doctor


def test_a_name_that_no_profile_has_is_exit_2_and_such_a_pattern_a_warning(saved, run):
    before = add(saved, LEGACY)
    done = run("profile", "sync", "--adopt", "odl", "--yes")
    assert (done.returncode, 'no profile fits --adopt "odl"' in done.stderr) == (2, True)
    # The error comes before any other message.
    assert "profiles that other tools or you wrote" not in done.stderr
    assert saved.config_file.read_bytes() == before
    said = ok(run("profile", "sync", "--adopt", "gr*", "--adopt", "!grave", "--yes"))
    assert said.count('no profile fits --adopt "gr*"\n') == 1
    assert "3 profiles added" in said


def test_in_setup_yes_alone_adopts_nothing(home: Home, run: Run, emulator: Emulator) -> None:
    write_home(home, "granted-early", emulator)
    done = run("setup", START_URL, "--adopt", "tyop", "--yes")
    # The command fails before it asks AWS.
    assert (done.returncode, emulator.counters.total()) == (2, 0)
    setup = ("setup", START_URL, "--session", "corp", "--account", "sandbox-*", "--yes")
    # The region is read from the keys that granted wrote.
    printed = ok(run(*setup))
    assert (
        '1 profile of granted: not working now: the program "granted" of credential_process does not exist\n    sandbox-ana/SandboxAdmin\n'
        in printed
    )
    assert "try it: aws sts get-caller-identity --profile sandbox-ana.SandboxAdmin" in printed
    assert rows(run)["sandbox-ana/SandboxAdmin"] == "granted"
    ok(run(*setup, "--adopt", "sandbox-ana/*"))
    assert rows(run)["sandbox-ana/SandboxAdmin"] == "process"


def test_a_setup_script_runs_on_a_laptop_without_profiles_too(home, run, emulator):
    home.browser()
    said = ok(
        run("setup", START_URL, "--region", "us-east-1", "--role", "Read*", "--yes", "--adopt", "*")
    )
    assert 'no profile fits --adopt "*"' in said
    assert "profiles added" in said


def test_use_of_a_role_always_ends_on_a_profile_that_works(home, run, emulator):
    write_home(home, "granted-early", emulator)
    home.add_session("corp", START_URL)
    shell = {"_SSOHELPER_SHELL": "bash"}
    role = "corp:000050000001/SandboxAdmin"
    assert "AWS_PROFILE='sandbox-ana.SandboxAdmin'" in run("use", "--yes", role, env=shell).stdout
    # So does the name of a profile whose program is missing.
    done = run("use", "sandbox-ana/SandboxAdmin", env=shell)
    assert "AWS_PROFILE='sandbox-ana.SandboxAdmin'" in done.stdout
    assert 'the program "granted" of credential_process does not exist' in done.stderr
    add_program(home, "granted")
    assert "sandbox-ana.Sandbox" in run("use", role, env=shell).stdout
    # Only a run would show whether granted works, and the name is also the role's ACCOUNT/ROLE.
    done = run("use", "sandbox-ana/SandboxAdmin", env=shell)
    assert "AWS_PROFILE='sandbox-ana.SandboxAdmin'" in done.stdout
    sync = "ssohelper profile sync --session corp --adopt sandbox-ana/SandboxAdmin"
    assert f"to make it work under its name: {sync}" in done.stderr
    # A name that is not the role's ACCOUNT/ROLE names that profile only.
    text = home.config_file.read_text().replace("profile sandbox-ana/", "profile mine/")
    home.config_file.write_text(text)
    assert "AWS_PROFILE='mine/S" in run("use", "mine/SandboxAdmin", env=shell).stdout
    home.config_file.write_text(text.replace("profile mine/", "profile sandbox-ana/"))
    # A row of a list may come with that name, which the user has not typed.
    app = in_process(home)
    row = resolve_profile(app, "sandbox-ana/SandboxAdmin", None)
    chosen = role_profiles.find_or_add_profile(app, row, False, is_typed=False)
    assert chosen.name == "sandbox-ana.SandboxAdmin"


def test_a_bracket_in_a_header_stops_no_command_and_stays(saved: Home, run: Run) -> None:
    odd = "[profile x y]]\nregion = x\n\n[profile q] # of [team]\n\n[other]]\na=b\n"
    before = add(saved, odd + LEGACY.replace("profile old", "profile 'my [prod]*'"))
    assert b"my [prod]" in before
    ok(run("profile", "sync", "--yes"))
    assert odd in saved.config_file.read_text()
    doctor = run("doctor").stdout
    assert doctor.count("header-without-quotes") == 1
    assert doctor.count("header-with-bracket") == 1
    assert "1 profile adopted" in ok(run("profile", "sync", "--adopt", "my [prod]*", "--yes"))
    assert odd in saved.config_file.read_text()
    ok(run("profile", "add", f"{PAY}/Admin", "--name", "second", "--yes"))
    ok(run("profile", "undo", "--yes"))


def test_on_a_terminal_enter_adopts(home, terminal, emulator):
    write_home(home, "granted-early", emulator)
    child = terminal(
        *("setup", START_URL, "--session", "corp", "--account", "sandbox-*"),
        *("--default-region", "eu-west-1"),
    )
    child.talk(
        "1 adopt 1 profile, names unch",
        "1 profile to adopt — write",
        ("[Y/n/d/c]", ""),
    )
    child.expect_exact("try it: ")
    assert child.ended()[0] == 0
    assert "granted" not in home.config_file.read_text().partition("[profile")[2]


OTHER = (
    "[sso-session other]\nsso_start_url = https://other.awsapps.com/start\nsso_region = us-east-1\n"
)


_TWO_PORTALS = 'not working now: the profile and its "sso_session" name different portals'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"{OTHER}[profile x]\nsso_session = other\n{READ}",
            'not checked: the profile belongs to the session "other"',
        ),
        (
            "[profile x]\nsso_session = corp\nsso_account_id = 1234567890\nsso_role_name = Read\n",
            '"1234567890" is not an account id (12 digits)',
        ),
        (
            LEGACY.replace("sso_region = eu-west-1", "sso_region = eu-west-2"),
            "not working now: sso_region is eu-west-2, but the profile's portal is in eu-west-1",
        ),
        (LEGACY.replace("sso_region = eu-west-1\n", ""), '"sso_region" is missing'),
        (LEGACY.replace("= Read", "= Old"), "now: the role is not in your list\n    old\n"),
        (LEGACY, "not working now: the sign-in for its sso_start_url is missing"),
        (f"[profile x]\nsso_session = corp\nsso_region = eu-west-2\n{READ}", _TWO_PORTALS),
        (
            "[profile x]\nsso_session = corp\nsso_start_url = https://other.awsapps.com/start\n"
            f"sso_region = eu-west-2\n{READ}",
            _TWO_PORTALS,
        ),
        (
            f"[profile b]\nsso_session = corp\n[profile x]\ninclude_profile = b\n{READ}",
            'not working now: "sso_start_url" is missing',
        ),
    ],
)
def test_it_is_not_said_that_a_profile_works_that_does_not(saved, run, text, said):
    add(saved, "\n" + text)
    printed = ok(run("profile", "sync", "--session", "corp", "--yes"))
    assert said in printed
    assert "while you are signed in" not in printed


@pytest.mark.parametrize("in_credentials_file", [True, False])
def test_a_second_source_of_credentials_is_not_passed_over(saved, run, in_credentials_file):
    if in_credentials_file:
        keys = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n"
        credentials(saved, f"[k]\n{keys}")
    program = "credential_process = aws-sso-util credential-process --profile k\n"
    add(saved, NATIVE + program * (not in_credentials_file))
    printed = ok(run("profile", "sync", "--session", "corp", "--yes"))
    assert "in the AWS CLI and boto3 while you are signed in (another SDK may take" in printed


def test_a_legacy_profile_without_a_session_names_the_setup_of_its_url(home: Home) -> None:
    home.write_config(LEGACY)
    with pytest.raises(ConfigInvalid) as refused:
        resolve_profile(in_process(home), "old", None)
    assert refused.value.hint == f"make one with: ssohelper setup {URL}"


def test_what_cannot_work_neither_counts_nor_is_offered(saved: Home) -> None:
    keys = f"sso_session = corp\n{READ}"
    more = {
        "no-source": "region = eu-west-1\nrole_arn = arn:aws:iam::000000000001:role/x\n",
        "web": "region = eu-west-1\nrole_arn = arn:aws:iam::000000000001:role/x\n"
        "web_identity_token_file = /nope\n",
        "no-such-region": "region = eu-west-1a_\n",
        "no-region": "",
        "works": "region = eu-west-1\n",
    }
    text = "".join(f"[profile {name}]\n{keys}{lines}\n" for name, lines in more.items())
    gone = LEGACY.replace("= Read\n", "= Gone\n").replace("old", "gone")
    add(saved, f"\n{text}{gone}")
    app = in_process(saved)
    session = app.config.read().sso_session("corp")
    assert session is not None
    listing = app.directory.load("corp")
    assert listing is not None
    found = {one.name: one for one in adopting.list_other_profiles(app, session, listing)}
    cannot = {"no-source", "web", "no-such-region"}
    assert {one.name for one in found.values() if one.problem} == {*cannot, "gone"}
    # Only what would work once it is adopted is offered: a region comes with it.
    assert adopting.choose_needing([*found.values()]) == {"no-region"}
    assert {one.name for one in found.values() if one.is_unusable} == {*cannot, "gone"}


def test_doctor_names_the_roles_for_which_sync_writes_a_profile(saved: Home, run: Run) -> None:
    add(saved, LEGACY)
    ok(run("profile", "sync", "--yes"))
    before, _, rest = saved.config_file.read_text().partition("[profile pay.Read]")
    saved.write_config(before + rest.partition("\n\n")[2])
    [found] = doctor_sessions.check_lists(Setup(in_process(saved)))
    assert found.message == "1 listed role has no profile: pay/Read"


def test_whoami_says_that_aws_tools_cannot_use_the_profile(saved: Home, run: Run) -> None:
    add(saved, LEGACY.replace("sso_region = eu-west-1", "sso_region = eu-west-2"))
    said = run("whoami", "old").stderr
    assert "warning: sso_region is eu-west-2, but the profile's portal is in eu-west-1" in said
    assert "confirmed by AWS" not in said


def test_a_profile_that_takes_everything_by_include_profile_is_adopted(saved, run):
    add(saved, "\n" + LEGACY + "[profile all]\ninclude_profile = old\n")
    before = saved.config_file.read_text()
    printed = ok(run("profile", "sync", "--session", "corp", "--adopt", "old", "--yes"))
    assert 'not adopted: the profile "all" of aws-vault includes its keys' in printed
    assert LEGACY in saved.config_file.read_text()
    saved.config_file.write_text(before)
    ok(run("profile", "sync", "--session", "corp", "--adopt", "*", "--yes"))
    written = saved.config_file.read_text()
    section = written.partition("[profile all]")[2].partition("[profile")[0]
    assert "credential_process = " in section
    assert "sso_start_url" not in written.partition("[profile old]")[2].partition("[profile")[0]


@pytest.fixture
def signed_in(home: Home) -> Iterator[Home]:
    with Emulator(make_world()) as running:
        home.env.update(running.environment())
        home.add_session("corp", URL, "eu-west-1")
        home.write_token(running.issue_token("ana"))
        yield home


NATIVE = f"\n[profile k]\nsso_session = corp\n{READ}region = eu-west-1\n"
WEB = f"web_identity_token_file = /nope\nrole_arn = arn:aws:iam::{DEV}:role/x\n"
OTHER_ROLE = "the profile's section in ~/.aws/credentials names another role or program"


@pytest.mark.parametrize(
    "section",
    long_after(
        2,
        [
            f"sso_account_id = {DEV}",
            f"role_arn = arn:aws:iam::{DEV}:role/x\nsource_profile = base",
            "sso_role_name = Admin",
            f"role_arn = arn:aws:iam::{DEV}:role/x",
        ],
    ),
)
def test_a_profile_whose_section_names_another_role_does_not_count_for_its_own(
    signed_in: Home, run: Run, section: str
) -> None:
    add(signed_in, NATIVE)
    credentials(signed_in, f"[k]\n{section}\n[base]\naws_access_key_id = A\n")
    said = ok(run("profile", "sync", "--adopt", "*", "--dry-run"))
    assert f"not working now: {OTHER_ROLE}" in said
    assert f'skipped "k": not adopted: {OTHER_ROLE}' in said
    assert "already points at this role" not in said
    done = run("use", f"{PAY}/Read", "--yes", env={"_SSOHELPER_SHELL": "bash"})
    assert "AWS_PROFILE='pay.Read'" in done.stdout
    # So does the name of that profile.
    done = run("use", "k", env={"_SSOHELPER_SHELL": "bash"})
    assert "AWS_PROFILE='pay.Read'" in done.stdout
    assert f'the profile "k" is not used: {OTHER_ROLE}' in done.stderr


def test_a_managed_profile_whose_section_names_another_role_is_not_used(signed_in, run):
    ok(run("profile", "sync", "--yes"))
    credentials(signed_in, "[pay.Read]\nsso_role_name = Admin\nsso_account_id = 1\n")
    done = run("use", f"{PAY}/Read", "--yes", env={"_SSOHELPER_SHELL": "bash"})
    assert "AWS_PROFILE='corp.pay.Read'" in done.stdout


@pytest.mark.parametrize(
    ("edit", "reason", "fix", "used"),
    long_after(
        1,
        [
            (
                lambda text: text.replace("[profile pay.Read]\n", f"[profile pay.Read]\n{WEB}"),
                'web_identity_token_file is "/nope", and there is no such file',
                "write the path of the token's file in an editor",
                "corp.pay.Read",
            ),
            (
                lambda text: re.sub(r"= \S+(?= --session)", "= /gone/ssohelper-credentials", text),
                'ssohelper is no longer at "/gone/ssohelper-credentials"',
                "ssohelper doctor --fix",
                "pay.Read",
            ),
            (
                lambda text: text.replace("--role-name Read", "--role-name Read --zzz"),
                'ssohelper refuses the profile\'s command: it has no argument "--zzz"',
                "ssohelper profile sync",
                "pay.Read",
            ),
        ],
    ),
)
def test_a_managed_profile_that_would_not_give_its_role_is_not_used(
    signed_in: Home, run: Run, edit: Callable[[str], str], reason: str, fix: str, used: str
) -> None:
    ok(run("profile", "sync", "--yes"))
    shell = {"_SSOHELPER_SHELL": "bash"}
    assert "AWS_PROFILE='pay.Read'" in run("use", "pay.Read", env=shell).stdout
    signed_in.write_config(edit(signed_in.config_file.read_text()))
    done = run("use", "pay.Read", env=shell)
    assert (done.returncode, done.stdout) == (3, "")
    assert f'the profile "pay.Read" is not used: {reason}' in done.stderr
    assert f"hint: {fix}" in done.stderr
    # By its account and role, it is an error off a terminal. With --yes the command is written again
    # where that helps, else another profile is added.
    done = run("use", "pay/Read", env=shell)
    assert done.returncode == 2
    assert f'the profile "pay.Read" is not used: {reason}' in done.stderr
    assert f"to repair it: {fix}" in done.stderr
    assert "no profile that works" in done.stderr
    done = run("use", "pay/Read", "--yes", env=shell)
    assert f"AWS_PROFILE='{used}'" in done.stdout
    commands = signed_in.config_file.read_text().count(f"--account-id {PAY} --role-name Read")
    assert commands == (1 if used == "pay.Read" else 2)
    # So does a row of a list, as after Enter in the full screen.
    app = in_process(signed_in)
    row = resolve_profile(app, "pay.Read", None)
    assert role_profiles.find_or_add_profile(app, row, False, is_typed=False).name == used


def test_why_a_profile_with_the_text_of_its_role_is_not_used_is_said_once(signed_in, run):
    ok(run("profile", "sync", "--yes"))
    config = signed_in.config_file.read_text()
    signed_in.write_config(config.replace("[profile pay.Read]\n", f"[profile pay/Read]\n{WEB}"))
    done = run("use", "pay/Read", env={"_SSOHELPER_SHELL": "bash"})
    assert done.stderr.count('the profile "pay/Read" is not used') == 1


def test_a_program_in_the_section_leaves_the_sso_keys_to_the_aws_cli(saved: Home, run: Run) -> None:
    add(saved, NATIVE)
    credentials(saved, "[k]\ncredential_process = /bin/false\n")
    said = ok(run("profile", "sync", "--dry-run"))
    assert "working in the AWS CLI and boto3 while you are signed in (another SDK may" in said
    assert 'skipped "pay.Read": the profile "k" already points at this role' in said
    said = ok(run("profile", "sync", "--adopt", "k", "--yes"))
    assert 'adopted in form "sso": some SDKs still take what [k] of ~/.aws/credentials says' in said
    assert 'JavaScript takes the program "/bin/false"' in run("doctor", "k").stdout


def test_of_two_roles_in_one_profile_the_one_that_aws_tools_take_is_said(saved, run):
    granted = f"granted_sso_account_id = {DEV}\ngranted_sso_role_name = Read\n"
    add(saved, NATIVE + granted)
    said = ok(run("profile", "sync", "--dry-run"))
    assert (
        f"not checked: the profile names two different roles; the AWS CLI and boto3 take Read in {PAY}"
    ) in said
    assert 'skipped "pay.Read": the profile "k" already points at this role' in said
    found = run("doctor", "k").stdout
    assert (
        f"the profile names two different roles; the AWS CLI and boto3 take Read in {PAY}" in found
    )
