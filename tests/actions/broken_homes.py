"""Homes that are broken in one way each, and the healthy one that they begin as."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ssohelper.app import App
from ssohelper.core.choices import Choices
from ssohelper.core.model import Role
from ssohelper.emulator.organization import World
from ssohelper.system import installation
from tests.conftest import Home
from tests.saved_listing import DEV, PAY, URL, listed_account, save_listing

REGION = "eu-west-1"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "CNRYSAK-secret"}
_ROLE_ARN = "arn:aws:iam::999999999999:role/ci"
_STATE = Path(".local/state/ssohelper")


class Broken(NamedTuple):
    """How a home is broken: the ids of what must be found, and the files that `--fix` changes."""

    found: set[str]
    break_it: Callable[[Home], object]
    repaired: tuple[str, ...] = ()


def make_world() -> World:
    """Return the Identity Center in which the roles of the healthy home are ana's."""
    world = World(URL, REGION, "Example")
    world.add_person("ana")
    for account_id, name, *roles in ((PAY, "pay", "Admin", "Read"), (DEV, "dev", "Read")):
        world.add_account(account_id, name)
        for role in roles:
            world.add_permission_set(role)
            world.assign("ana", role, account_id)
    return world


def make_healthy(home: Home) -> None:
    """Add a session with a sign-in, its saved list, and a managed profile for each role."""
    home.add_session("corp", URL, REGION)
    command = installation.find_profile_command(home.env)
    for name, account_id, role in (
        ("pay.Admin", PAY, "Admin"),
        ("pay.Read", PAY, "Read"),
        ("dev.Read", DEV, "Read"),
    ):
        line = f"{command} --session corp --account-id {account_id} --role-name {role}"
        add_profile(home, name, f"credential_process = {line}", "ssohelper_managed = true")
    save_listing(
        home, listed_account(PAY, "pay", "Admin", "Read"), listed_account(DEV, "dev", "Read")
    )
    home.write_token(token())


def token(seconds: int = 3600, *, registration: int = 80 * 86400, refresh: str = "r") -> dict:
    """Return a token file's content as the AWS CLI writes it."""
    found = {
        "startUrl": URL,
        "region": REGION,
        "accessToken": "aoaCNRY-AT-token",
        "expiresAt": instant(seconds),
        "clientId": "client",
        "clientSecret": "CNRY-CS-secret",
        "registrationExpiresAt": instant(registration),
    }
    return {**found, "refreshToken": refresh} if refresh else found


def instant(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def add(home: Home, text: str) -> None:
    home.write_config(home.config_file.read_text() + text)


def add_profile(home: Home, name: str, *lines: str, region: str | None = REGION) -> None:
    lines = (*lines, f"region = {region}") if region else lines
    add(home, "\n".join([f"[profile {name}]", *lines, "", ""]))


def replace(home: Home, old: str, new: str) -> None:
    text = home.config_file.read_text()
    assert old in text
    home.write_config(text.replace(old, new))


def write_bytes(home: Home, data: bytes) -> None:
    home.config_file.write_bytes(data)


def credentials(home: Home, text: str) -> Path:
    path = home.config_file.with_name("credentials")
    path.write_text(text)
    path.chmod(0o600)
    return path


def set_env(**variables: str) -> Callable[[Home], None]:
    return lambda home: home.env.update(variables)


def helper_moved(home: Home) -> None:
    command = installation.find_profile_command(home.env)
    replace(home, command, f"{home.path}/old/ssohelper-credentials")


def replace_helper(home: Home) -> None:
    program = home.path / "x" / "ssohelper-credentials"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\ntouch $HOME/RAN\n")
    program.chmod(0o755)
    replace(home, installation.find_profile_command(home.env), str(program))


def users_helper_moved(home: Home) -> None:
    line = f"{home.path}/old/ssohelper credential-process --session corp"
    add_profile(home, "mine", f"credential_process = {line} --account-id {PAY} --role-name Read")


def open_program(home: Home) -> None:
    folder = home.path / "shared"
    folder.mkdir()
    program = folder / "get-keys"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    folder.chmod(0o777)
    add_profile(home, "tool", f"credential_process = {program}")


def sign_out(home: Home) -> None:
    for path in home.token_folder.glob("*.json"):
        path.unlink()


def lose_session(home: Home) -> None:
    text = home.config_file.read_text()
    section, _, rest = text.partition("[profile")
    assert section.startswith("[sso-session corp]")
    home.write_config(f"[profile{rest}")


def end_sign_in(home: Home, seconds: int = -60) -> None:
    home.write_token(token(seconds))
    app = App(home.env)
    [session] = app.config.read().sso_sessions()
    present, facts = app.tokens.load(session), app.tokens.load_facts("corp")
    assert present is not None
    ended_at = min(present.expires_at, app.clock.now())
    ended = facts._replace(ended_at=ended_at, token_expires_at=present.expires_at)
    app.tokens.save_facts("corp", ended)


def link_token(home: Home) -> None:
    [path] = home.token_folder.glob("*.json")
    path.rename(home.path / "elsewhere.json")
    path.symlink_to(home.path / "elsewhere.json")


def open_token(home: Home) -> None:
    # Of another tool: reading our own one sets its mode by itself.
    path = home.token_folder / f"{'0' * 40}.json"
    path.write_text(json.dumps(token()))
    path.chmod(0o644)


def open_state(home: Home) -> None:
    (home.path / _STATE / "listings").chmod(0o755)


def leave_temporary_file(home: Home) -> None:
    path = home.config_file.with_name(".ssohelper-1234-0123456789ab")
    path.write_text("half")
    os.utime(path, (1_600_000_000, 1_600_000_000))


def lose_role(home: Home) -> None:
    save_listing(
        home, listed_account(PAY, "pay", "Admin", "ReadOnly"), listed_account(DEV, "dev", "Read")
    )
    App(home.env).choices.save("corp", Choices(removed=frozenset({Role(PAY, "ReadOnly")})))


def gain_role(home: Home) -> None:
    save_listing(
        home, listed_account(PAY, "pay", "Admin", "New", "Read"), listed_account(DEV, "dev", "Read")
    )


def second_installation(home: Home) -> None:
    folder = home.path / "bin"
    folder.mkdir()
    (folder / "ssohelper").write_text("#!/bin/sh\n")
    (folder / "ssohelper").chmod(0o755)
    home.env["PATH"] += f":{folder}"


def shell_lines(text: str) -> Callable[[Home], None]:
    def write(home: Home) -> None:
        home.env["SHELL"] = "/bin/bash"
        (home.path / ".bashrc").write_text(f"# mine\n{text}")

    return write


def settings(text: str) -> Callable[[Home], None]:
    def write(home: Home) -> None:
        path = home.path / ".config/ssohelper/config.toml"
        path.parent.mkdir(parents=True)
        path.write_text(text)

    return write


def wrong_clock(home: Home) -> None:
    App(home.env).clock.learn_aws_time(time.time() - 1200)


def state_is_a_file(home: Home) -> None:
    home.env["XDG_STATE_HOME"] = str(home.path / "state")
    (home.path / "state").write_text("")


def marks(home: Home) -> None:
    text = home.config_file.read_text()
    before, found, rest = text.partition("[profile pay.Read]")
    home.write_config(f"{before}# BEGIN_AWS_SSO_CLI\n{found}{rest}# END_AWS_SSO_CLI\n")


def returned(home: Home) -> None:
    """aws-sso-cli has written its block of pay.Read once more."""
    arn = f"arn:aws:iam::{PAY}:role/Read"
    line = f"credential_process = /usr/bin/aws-sso -u open -S Default process --arn {arn}"
    add(home, f"# BEGIN_AWS_SSO_CLI\n\n[profile pay.Read]\n{line}\n\n# END_AWS_SSO_CLI\n")


def link_config_to_nothing(home: Home) -> None:
    home.config_file.unlink()
    home.config_file.symlink_to(home.path / "nowhere")


def legacy(home: Home) -> None:
    other = "https://other.awsapps.com/start"
    keys = (f"sso_account_id = {PAY}", "sso_role_name = Read", "sso_region = us-east-1")
    add_profile(home, "old", f"sso_start_url = {other}", *keys)


def chain_on(*lines: str, region: str | None = REGION) -> Callable[[Home], None]:
    """Break a home with the profile `mine`, and two profiles that assume roles through it."""

    def add_profiles(home: Home) -> None:
        add_profile(home, "mine", *lines)
        role = f"role_arn = arn:aws:iam::{DEV}:role/deploy"
        add_profile(home, "near", role, "source_profile = mine", region=region)
        add_profile(home, "far", role, "source_profile = near")

    return add_profiles


def native(*lines: str) -> Callable[[Home], None]:
    return lambda home: add_profile(home, "mine", *lines)


def region_of_default_only(home: Home) -> None:
    add(home, "[default]\nregion = eu-west-1\n")
    add_profile(home, "mine", *_SSO, region=None)


_SSO = ("sso_session = corp", f"sso_account_id = {PAY}", "sso_role_name = Read")
_FOREIGN = "credential_process = /bin/true"

BROKEN = {
    "a section twice": Broken(
        {"section-twice"}, lambda home: add(home, "[profile pay.Read]\nregion = eu-west-1\n")
    ),
    "a key twice": Broken(
        {"section-twice"}, lambda home: add(home, "[profile x]\nregion = a\nregion = b\n")
    ),
    "a header that is not closed": Broken(
        {"config-unreadable"}, lambda home: add(home, "[profile x\nregion = a\n")
    ),
    "a line without an equals sign": Broken(
        {"config-unreadable"}, lambda home: add(home, "[profile x]\nregion eu-west-1\n")
    ),
    "bytes that are not UTF-8": Broken(
        {"config-unreadable"}, lambda home: write_bytes(home, b"[profile a]\nx = \xff\n")
    ),
    "a byte order mark": Broken(
        {"config-unreadable"}, lambda home: write_bytes(home, b"\xef\xbb\xbf[profile a]\nx = 1\n")
    ),
    "a credentials file that cannot be read": Broken(
        {"config-unreadable"}, lambda home: credentials(home, "[a]\nno value\n")
    ),
    "AWS_CONFIG_FILE of a file that is gone": Broken(
        {"config-missing", "nothing-set-up"}, set_env(AWS_CONFIG_FILE="/nowhere/config")
    ),
    "one profile in two spellings": Broken(
        {"profile-twice", "roles-without-profile"},
        lambda home: add_profile(home, '"pay.Read"', _FOREIGN),
    ),
    "one session in two spellings": Broken(
        {"session-twice"},
        lambda home: add(
            home, f'[sso-session "corp"]\nsso_start_url = {URL}\nsso_region = {REGION}\n'
        ),
    ),
    "keys in [DEFAULT]": Broken(
        {"default-section"}, lambda home: add(home, "[DEFAULT]\noutput = json\n")
    ),
    "a session with a wrong region": Broken(
        {"session-unusable"},
        lambda home: add(
            home,
            "[sso-session x]\nsso_start_url = https://x.awsapps.com/start\nsso_region = moon-1\n",
        ),
    ),
    "a session without a region": Broken(
        {"session-unusable"}, lambda home: replace(home, f"sso_region = {REGION}\n", "")
    ),
    "a session that managed profiles name is gone": Broken({"session-missing"}, lose_session),
    "a session that is not defined": Broken(
        {"session-missing"}, native("sso_session = gone", *_SSO[1:])
    ),
    "a profile without a role": Broken({"sso-keys-refused"}, native(*_SSO[:2])),
    "a start URL beside sso_session": Broken(
        {"sso-keys-refused"}, native(*_SSO, f"sso_start_url = {URL}", f"sso_region = {REGION}")
    ),
    "sso_* keys beside credential_process": Broken({"mixed-identities"}, native(*_SSO, _FOREIGN)),
    "fixed keys beside credential_process": Broken(
        {"mixed-identities"},
        native(_FOREIGN, "aws_access_key_id = AKIA", "aws_secret_access_key = CNRYSAK-x"),
    ),
    "role_arn beside credential_process": Broken(
        {"mixed-identities"},
        native(_FOREIGN, f"role_arn = {_ROLE_ARN}", "source_profile = pay.Read"),
    ),
    "a role without a source": Broken({"role-without-source"}, native(f"role_arn = {_ROLE_ARN}")),
    "a profile with half a key": Broken(
        {"half-a-key-in-profile"}, native("aws_access_key_id = AKIA")
    ),
    "a profile of the credentials file with half a key": Broken(
        {"half-a-key-in-profile"},
        lambda home: credentials(home, f"[d]\naws_access_key_id = AKIA\n{_FOREIGN}\n"),
    ),
    "a profile of the credentials file whose program is gone": Broken(
        {"program-missing"},
        lambda home: credentials(home, "[gcp]\ncredential_process = /opt/gone/get-keys\n"),
    ),
    "a role without a source in the credentials file": Broken(
        {"role-without-source"}, lambda home: credentials(home, f"[d]\nrole_arn = {_ROLE_ARN}\n")
    ),
    "a section without the word profile": Broken(
        {"header-without-profile"}, lambda home: add(home, "\n".join(["[dev]", *_SSO, ""]))
    ),
    "a source_profile that is gone": Broken(
        {"profile-invalid"}, native(f"role_arn = {_ROLE_ARN}", "source_profile = gone")
    ),
    "an account id of 11 digits": Broken(
        {"profile-invalid"}, native(_SSO[0], "sso_account_id = 12345678901", _SSO[2])
    ),
    "a region that cannot be one": Broken(
        {"profile-invalid"}, lambda home: add_profile(home, "x", _FOREIGN, region="eu west")
    ),
    "the IAM role's name": Broken(
        {"iam-role-name"},
        native(*_SSO[:2], "sso_role_name = AWSReservedSSO_Read_0123456789abcdef"),
    ),
    "our helper has moved": Broken({"helper-missing"}, helper_moved, (".aws/config",)),
    "another program in place of our helper": Broken({"helper-not-ours"}, replace_helper),
    "our helper of a profile by hand has moved": Broken({"helper-missing"}, users_helper_moved),
    "a program that is gone": Broken(
        {"program-missing"}, native("credential_process = /opt/gone/get-keys --now")
    ),
    "a program that needs a shell": Broken(
        {"program-needs-a-shell"}, native("credential_process = ~/bin/get-keys")
    ),
    "a program that other users may replace": Broken({"program-replaceable"}, open_program),
    "keys in the environment": Broken(
        {"keys-in-environment"}, set_env(AWS_PROFILE="pay.Read", **KEYS)
    ),
    "half a key in the environment": Broken(
        {"half-a-key"}, set_env(AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE")
    ),
    "a session token without keys": Broken(
        {"token-without-keys"}, set_env(AWS_SESSION_TOKEN="CNRY-ST-x")
    ),
    "AWS_PROFILE of a profile that is gone": Broken(
        {"no-such-profile"}, set_env(AWS_PROFILE="gone")
    ),
    "two variables with two profiles": Broken(
        {"two-profiles"}, set_env(AWS_PROFILE="pay.Read", AWS_DEFAULT_PROFILE="dev.Read")
    ),
    "a pod's web identity": Broken(
        {"web-identity-in-environment"},
        set_env(AWS_PROFILE="pay.Read", AWS_WEB_IDENTITY_TOKEN_FILE="/t", AWS_ROLE_ARN=_ROLE_ARN),
    ),
    "[default] before a container": Broken(
        {"default-before-container"},
        lambda home: (
            add(home, f"[default]\n{_FOREIGN}\nregion = {REGION}\n"),
            home.env.update(AWS_CONTAINER_CREDENTIALS_FULL_URI="http://127.0.0.1/c"),
        ),
    ),
    "keys of the same name in the credentials file": Broken(
        {"shadowed-by-credentials-file"},
        lambda home: credentials(
            home, "[pay.Read]\naws_access_key_id = AKIA\naws_secret_access_key = CNRYSAK-x\n"
        ),
    ),
    "another role of the same name in the credentials file": Broken(
        {"shadowed-by-credentials-file"},
        lambda home: credentials(
            home,
            f"[pay.Read]\nsso_session = corp\nsso_account_id = {DEV}\nsso_role_name = Read\n",
        ),
    ),
    "fixed keys in [default]": Broken(
        {"keys-in-default"},
        lambda home: credentials(
            home, "[default]\naws_access_key_id = AKIA\naws_secret_access_key = CNRYSAK-x\n"
        ),
    ),
    "AWS_ENDPOINT_URL": Broken(
        {"general-endpoint"}, set_env(AWS_ENDPOINT_URL="http://127.0.0.1:4566")
    ),
    "a token that others may read": Broken(
        {"readable-by-others"}, open_token, (f".aws/sso/cache/{'0' * 40}.json",)
    ),
    "a folder of ours that others may enter": Broken(
        {"readable-by-others"}, open_state, (str(_STATE / "listings"),)
    ),
    "a credentials file that others may read": Broken(
        {"readable-by-others"}, lambda home: credentials(home, "[a]\nregion = x\n").chmod(0o644)
    ),
    "a config that others may write": Broken(
        {"writable-by-others"}, lambda home: home.config_file.chmod(0o666)
    ),
    "a config that its owner may not write": Broken(
        {"config-not-writable"}, lambda home: home.config_file.chmod(0o444)
    ),
    "a folder of tokens that others may write": Broken(
        {"writable-by-others"}, lambda home: home.token_folder.chmod(0o777), (".aws/sso/cache",)
    ),
    "a link in place of a token": Broken(
        {"link-in-place-of-a-file", "sign-in-unreadable"}, link_token
    ),
    "a left temporary file": Broken(
        {"leftovers"}, leave_temporary_file, (".aws/.ssohelper-1234-0123456789ab",)
    ),
    "no sign-in": Broken({"signed-out"}, sign_out),
    "a sign-in that AWS has ended": Broken({"signed-out"}, end_sign_in),
    "a sign-in that AWS has ended while its last token works": Broken(
        {"signed-out"}, lambda home: end_sign_in(home, 1200)
    ),
    "a sign-in that cannot be renewed and ends": Broken(
        {"sign-in-ends"}, lambda home: home.write_token(token(600, refresh=""))
    ),
    "a source profile whose program is gone": Broken(
        {"program-missing", "source-unusable"}, chain_on("credential_process = /opt/gone/tool")
    ),
    "a source profile whose role is gone": Broken(
        {"role-lost"},
        chain_on("sso_session = corp", f"sso_account_id = {PAY}", "sso_role_name = Gone"),
    ),
    "a start URL in quotes": Broken(
        {"value-in-quotes"}, native(f'sso_start_url = "{URL}"', f"sso_region = {REGION}", *_SSO[1:])
    ),
    "a session's name in quotes": Broken(
        {"value-in-quotes"}, native('sso_session = "corp"', *_SSO[1:])
    ),
    "an account id in quotes": Broken(
        {"value-in-quotes"}, native(_SSO[0], f'sso_account_id = "{PAY}"', _SSO[2])
    ),
    "a chain without a region": Broken({"no-region"}, chain_on(*_SSO, region=None)),
    "another region than the portal's": Broken(
        {"wrong-sso-region", "legacy-token"},
        native(f"sso_start_url = {URL}", "sso_region = ap-south-1", *_SSO[1:]),
    ),
    "a legacy profile without a token": Broken({"legacy-token"}, legacy),
    "a role that is gone": Broken({"role-lost"}, lose_role),
    "a new role": Broken({"roles-without-profile"}, gain_role),
    "two installations": Broken({"several-installations"}, second_installation),
    "outdated lines in the rc file": Broken(
        {"shell-stale"},
        shell_lines("# >>> ssohelper >>>\nold\n# <<< ssohelper <<<\n"),
        (".bashrc",),
    ),
    "no lines in the rc file": Broken({"shell-missing"}, shell_lines("")),
    "marks that are no pair": Broken({"shell-marks"}, shell_lines("# >>> ssohelper >>>\n")),
    "settings that are no TOML": Broken({"settings"}, settings("a = [\n")),
    "a clock that is wrong": Broken({"clock"}, wrong_clock),
    "a state folder that is a file": Broken({"state-folder"}, state_is_a_file),
    "a keyring that is absent": Broken({"keyring"}, settings('storage = "keyring"\n')),
    "marks of aws-sso-cli around ours": Broken({"rewritten-by-another-tool"}, marks),
    "a return of aws-sso-cli": Broken({"section-twice", "rewritten-by-another-tool"}, returned),
    "a region without its last dash": Broken(
        {"region-unknown"}, lambda home: add_profile(home, "mine", *_SSO, region="us-east1")
    ),
    "a retry mode that does not exist": Broken(
        {"value-refused"}, native(_FOREIGN, "retry_mode = fancy")
    ),
    "a retry mode that AWS CLI 2 does not know": Broken(
        {"value-refused"}, native(_FOREIGN, "retry_mode = legacy")
    ),
    "no attempt": Broken({"value-refused"}, native(_FOREIGN, "max_attempts = 0")),
    "a pod's web identity whose token is gone": Broken(
        {"web-identity-missing"},
        set_env(AWS_WEB_IDENTITY_TOKEN_FILE="/nowhere/token", AWS_ROLE_ARN=_ROLE_ARN),
    ),
    "a blank in front of the word profile": Broken(
        {"header-with-blank"}, lambda home: add(home, f"[ profile ops ]\n{_FOREIGN}\n")
    ),
    "a config that is a link to nothing": Broken({"config-missing"}, link_config_to_nothing),
    "a profile without a region": Broken(
        {"no-region"}, lambda home: add_profile(home, "mine", *_SSO, region=None)
    ),
    "a name with a blank, without quotes": Broken(
        {"header-without-quotes"},
        lambda home: add(home, "\n".join(["[profile dev two]", *_SSO, ""])),
    ),
    "a header in capitals": Broken(
        {"header-misspelled"}, lambda home: add(home, "\n".join(["[Profile dev]", *_SSO, ""]))
    ),
    "a quote in a header that is not closed": Broken(
        {"header-with-open-quote"},
        lambda home: add(home, "\n".join(['[profile "dev]', *_SSO, ""])),
    ),
    "a bracket in the comment behind a header": Broken(
        {"header-with-bracket"},
        lambda home: add(home, "\n".join(["[profile dev] # of [team]", *_SSO, ""])),
    ),
    "a program with an open quote": Broken(
        {"program-unreadable"}, native('credential_process = /bin/echo "x')
    ),
    "a program with a backslash at its end": Broken(
        {"program-unreadable"}, native("credential_process = /bin/echo x \\")
    ),
    "an empty program": Broken({"program-unreadable"}, native("credential_process =")),
    "a program with an open quote in the credentials file": Broken(
        {"program-unreadable"},
        lambda home: credentials(home, "[d]\ncredential_process = x 'y\n"),
    ),
    "a source_profile without credentials": Broken(
        {"source-without-credentials"},
        lambda home: (
            add_profile(home, "b"),
            add_profile(home, "c", f"role_arn = {_ROLE_ARN}", "source_profile = b"),
            add_profile(home, "d", f"role_arn = {_ROLE_ARN}", "source_profile = c"),
        ),
    ),
    "a web identity in a profile whose token is gone": Broken(
        {"web-identity-missing"},
        native(f"role_arn = {_ROLE_ARN}", "web_identity_token_file = /nowhere/token"),
    ),
    "a credential_source that does not exist": Broken(
        {"credential-source"}, native(f"role_arn = {_ROLE_ARN}", "credential_source = environment")
    ),
    "a credential_source without its variables": Broken(
        {"credential-source"}, native(f"role_arn = {_ROLE_ARN}", "credential_source = Environment")
    ),
    "a profile that aws-vault alone reads": Broken(
        {"no-source"}, native("include_profile = pay.Read")
    ),
    "a profile without a region beside a default": Broken({"no-region"}, region_of_default_only),
}


def native_form(home: Home) -> None:
    add_profile(home, "native", *_SSO, "retry_mode = adaptive", "max_attempts = 5")
    add_profile(home, "iso", *_SSO, region="us-isob-east-1")
    endpoint = "endpoint_url = http://127.0.0.1:4566"
    add_profile(home, "local", *_SSO, endpoint, region="local")


def foreign_form(home: Home) -> None:
    add_profile(home, "tool", _FOREIGN)
    add_profile(home, "settings", "output = json")
    add_profile(home, "codes", "sso_session = corp")
    add_profile(home, "ec2", f"role_arn = {_ROLE_ARN}", "credential_source = Ec2InstanceMetadata")
    add_profile(home, "halfkey", _FOREIGN, "aws_access_key_id = AKIA")
    credentials(home, f"[gcp]\n{_FOREIGN}\n[role]\nrole_arn = {_ROLE_ARN}\nsource_profile = gcp\n")
    add_profile(home, "chain", f"role_arn = {_ROLE_ARN}", "source_profile = pay.Read")
    add(home, "[default]\nregion = eu-west-1\noutput = json\n")


def own_shell(home: Home) -> None:
    shell_lines('eval "$(ssohelper shell-init bash)"\n')(home)
    home.env["AWS_PROFILE"] = "pay.Read"


def linked_config(home: Home) -> None:
    home.config_file.rename(home.path / "dotfiles-config")
    home.config_file.symlink_to(home.path / "dotfiles-config")
    credentials(home, "[ci]\naws_access_key_id = AKIA\naws_secret_access_key = CNRYSAK-x\n")


HEALTHY = {
    "managed profiles": lambda home: None,
    "native profiles": native_form,
    "another tool, a chain, [default]": foreign_form,
    "a shell with a profile": own_shell,
    "a linked config and a credentials file": linked_config,
}
