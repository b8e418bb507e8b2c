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
_OUR_REGION = f"sso_region = {REGION}"
_STATE = Path(".local/state/ssohelper")


class Broken(NamedTuple):
    """How a home is broken: the ids of what must be found, and the file that `--fix` changes."""

    found: set[str]
    break_it: Callable[[Home], object]
    repaired: str | None


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


def text(lines: str) -> Callable[[Home], None]:
    return lambda home: add(home, "\n".join([*lines.split("; "), ""]))


def raw(data: bytes) -> Callable[[Home], object]:
    return lambda home: home.config_file.write_bytes(data)


def credentials(home: Home, text: str) -> Path:
    path = home.config_file.with_name("credentials")
    path.write_text(text)
    path.chmod(0o600)
    return path


def in_credentials(lines: str) -> Callable[[Home], Path]:
    return lambda home: credentials(home, "\n".join([*lines.split("; "), ""]))


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


def native(lines: str, region: str | None = REGION) -> Callable[[Home], None]:
    return lambda home: add_profile(home, "mine", *lines.split("; "), region=region)


_CORP, _ACCOUNT, _READ = "sso_session = corp", f"sso_account_id = {PAY}", "sso_role_name = Read"
_SSO = (_CORP, _ACCOUNT, _READ)
_ROLE = f"role_arn = {_ROLE_ARN}"
_FOREIGN = "credential_process = /bin/true"
_FIXED = "aws_access_key_id = AKIA; aws_secret_access_key = CNRYSAK-x"

# Each name begins with the ids of what must be found. Lines are separated by "; ".
_IN_CONFIG = {
    "no-region: beside [default]": f"[default]; region = x; [profile p]; {'; '.join(_SSO)}",
    "section-twice: a section": "[profile pay.Read]; region = eu-west-1",
    "section-twice: a key": "[profile x]; region = a; region = b",
    "config-unreadable: a header that is not closed": "[profile x; region = a",
    "config-unreadable: a line without an equals sign": "[profile x]; region eu-west-1",
    "profile-twice roles-without-profile: in two spellings": f"[profile 'pay.Read']; {_FOREIGN}",
    "session-twice: quoted": f"[sso-session 'corp']; sso_start_url = {URL}; {_OUR_REGION}",
    "default-section: keys": "[DEFAULT]; output = json",
    "session-unusable: a wrong region": f"[sso-session x]; sso_start_url = {URL}; sso_region = m",
    "header-without-profile: the word is missing": f"[dev]; {'; '.join(_SSO)}",
    "header-with-blank: before the word": f"[profile ops ]; {_FOREIGN}",
    "header-without-quotes: a name with a blank": f"[profile dev two]; {'; '.join(_SSO)}",
    "header-misspelled: in capitals": f"[Profile dev]; {'; '.join(_SSO)}",
    "header-with-open-quote: before the name": f'[profile "dev]; {"; ".join(_SSO)}',
    "header-with-bracket: in a comment": f"[profile dev] # of [team]; {'; '.join(_SSO)}",
}
_OF_PROFILE = {
    "session-missing: a session that is not defined": f"sso_session = gone; {_ACCOUNT}; {_READ}",
    "sso-keys-refused: no role": f"{_CORP}; {_ACCOUNT}",
    "sso-keys-refused: a start URL too": f"{'; '.join(_SSO)}; sso_start_url = {URL}; {_OUR_REGION}",
    "mixed-identities: sso_* keys and a program": f"{'; '.join(_SSO)}; {_FOREIGN}",
    "mixed-identities: fixed keys and a program": f"{_FOREIGN}; {_FIXED}",
    "mixed-identities: a role and a program": f"{_FOREIGN}; {_ROLE}; source_profile = pay.Read",
    "role-without-source: of a profile": _ROLE,
    "half-a-key-in-profile: of a profile": "aws_access_key_id = AKIA",
    "profile-invalid: a source_profile that is gone": f"{_ROLE}; source_profile = gone",
    "profile-invalid: an account of 11 digits": f"{_CORP}; sso_account_id = 12345678901; {_READ}",
    "iam-role-name: of Read": f"{_CORP}; {_ACCOUNT}; sso_role_name = AWSReservedSSO_R_{'0' * 16}",
    "program-missing: with an argument": "credential_process = /opt/gone/get-keys --now",
    "program-needs-a-shell: for a tilde": "credential_process = ~/bin/get-keys",
    "value-in-quotes: a start URL": f'sso_start_url = "{URL}"; {_OUR_REGION}; {_ACCOUNT}; {_READ}',
    "value-in-quotes: a session": f'sso_session = "corp"; {_ACCOUNT}; {_READ}',
    "value-in-quotes: an account": f'{_CORP}; sso_account_id = "{PAY}"; {_READ}',
    "wrong-sso-region legacy-token: another than the portal's": (
        f"sso_start_url = {URL}; sso_region = ap-south-1; {_ACCOUNT}; {_READ}"
    ),
    "value-refused: a retry mode that does not exist": f"{_FOREIGN}; retry_mode = fancy",
    "value-refused: a retry mode unknown to AWS CLI 2": f"{_FOREIGN}; retry_mode = legacy",
    "value-refused: no attempt": f"{_FOREIGN}; max_attempts = 0",
    "program-unreadable: an open quote": 'credential_process = /bin/echo "x',
    "program-unreadable: a backslash at the end": "credential_process = /bin/echo x \\",
    "program-unreadable: empty": "credential_process =",
    "web-identity-missing: no token": f"{_ROLE}; web_identity_token_file = /nowhere/token",
    "credential-source: that does not exist": f"{_ROLE}; credential_source = environment",
    "credential-source: without variables": f"{_ROLE}; credential_source = Environment",
    "no-source: a profile that aws-vault alone reads": "include_profile = pay.Read",
}
_IN_CREDENTIALS = {
    "config-unreadable: the credentials file": "[a]; no value",
    "half-a-key-in-profile: of the credentials file": f"[d]; aws_access_key_id = AKIA; {_FOREIGN}",
    "program-missing: of the credentials file": "[gcp]; credential_process = /opt/gone/get-keys",
    "role-without-source: of the credentials file": f"[d]; {_ROLE}",
    "shadowed-by-credentials-file: by keys": f"[pay.Read]; {_FIXED}",
    "shadowed-by-credentials-file: by another role": (
        f"[pay.Read]; {_CORP}; sso_account_id = {DEV}; {_READ}"
    ),
    "keys-in-default: of the credentials file": f"[default]; {_FIXED}",
    "program-unreadable: of the credentials file": "[d]; credential_process = x 'y",
}
_POD = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token", "AWS_ROLE_ARN": _ROLE_ARN}
_VARIABLES = {
    "config-missing nothing-set-up: in AWS_CONFIG_FILE": {"AWS_CONFIG_FILE": "/nowhere/config"},
    "keys-in-environment: beside a profile": {"AWS_PROFILE": "pay.Read", **KEYS},
    "half-a-key: in the environment": {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"},
    "token-without-keys: in the environment": {"AWS_SESSION_TOKEN": "CNRY-ST-x"},
    "no-such-profile: in AWS_PROFILE": {"AWS_PROFILE": "gone"},
    "two-profiles: two": {"AWS_PROFILE": "pay.Read", "AWS_DEFAULT_PROFILE": "dev.Read"},
    "web-identity-in-environment: a pod's": {"AWS_PROFILE": "pay.Read", **_POD},
    "general-endpoint: a local one": {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
    "web-identity-missing: a pod's": _POD,
}
_OTHER: dict[str, Callable[[Home], object]] = {
    "config-unreadable: no UTF-8": raw(b"[profile a]\nx = \xff\n"),
    "config-unreadable: a byte order mark": raw(b"\xef\xbb\xbf[profile a]\nx = 1\n"),
    "session-unusable: no region": lambda home: replace(home, f"{_OUR_REGION}\n", ""),
    "session-missing: of managed profiles": lose_session,
    "profile-invalid: no region's name": native(_FOREIGN, region="eu west"),
    "helper-missing: of managed profiles": helper_moved,
    "helper-not-ours: in place of our helper": replace_helper,
    "helper-missing: of a profile by hand": users_helper_moved,
    "program-replaceable: in an open folder": open_program,
    "default-before-container: a program": lambda home: (
        add(home, f"[default]\n{_FOREIGN}\nregion = {REGION}\n"),
        home.env.update(AWS_CONTAINER_CREDENTIALS_FULL_URI="http://127.0.0.1/c"),
    ),
    "readable-by-others: a token": open_token,
    "readable-by-others: our folder": open_state,
    "readable-by-others: credentials": lambda home: credentials(home, "[a]\n").chmod(0o644),
    "writable-by-others: the config": lambda home: home.config_file.chmod(0o666),
    "writable-by-others: the folder of tokens": lambda home: home.token_folder.chmod(0o777),
    "link-in-place-of-a-file sign-in-unreadable: a token": link_token,
    "leftovers: of a write": leave_temporary_file,
    "signed-out: no sign-in": sign_out,
    "signed-out: ended by AWS": end_sign_in,
    "signed-out: ended by AWS, the last token works": lambda home: end_sign_in(home, 1200),
    "sign-in-ends: no renewal": lambda home: home.write_token(token(600, refresh="")),
    "program-missing source-unusable: a source": chain_on("credential_process = /opt/gone/tool"),
    "role-lost: of a source": chain_on(_CORP, _ACCOUNT, "sso_role_name = Gone"),
    "no-region: of a chain": chain_on(*_SSO, region=None),
    "legacy-token: none": legacy,
    "role-lost: of a managed profile": lose_role,
    "roles-without-profile: one": gain_role,
    "several-installations: two": second_installation,
    "shell-stale: old lines": shell_lines("# >>> ssohelper >>>\nold\n# <<< ssohelper <<<\n"),
    "shell-missing: no lines": shell_lines(""),
    "shell-marks: no pair": shell_lines("# >>> ssohelper >>>\n"),
    "settings: no TOML": settings("a = [\n"),
    "clock: 20 minutes": wrong_clock,
    "state-folder: a file": state_is_a_file,
    "keyring: absent": settings('storage = "keyring"\n'),
    "rewritten-by-another-tool: marks around ours": marks,
    "section-twice rewritten-by-another-tool: by aws-sso-cli": returned,
    "region-unknown: a dash is missing": native("; ".join(_SSO), region="us-east1"),
    "config-missing: a link to nothing": link_config_to_nothing,
    "no-region: of a profile": native("; ".join(_SSO), region=None),
    "source-without-credentials: two profiles above": lambda home: (
        add_profile(home, "b"),
        add_profile(home, "c", _ROLE, "source_profile = b"),
        add_profile(home, "d", _ROLE, "source_profile = c"),
    ),
}
# The files that `--fix` changes.
_REPAIRED = {
    "helper-missing: of managed profiles": ".aws/config",
    "readable-by-others: a token": f".aws/sso/cache/{'0' * 40}.json",
    "readable-by-others: our folder": str(_STATE / "listings"),
    "writable-by-others: the folder of tokens": ".aws/sso/cache",
    "leftovers: of a write": ".aws/.ssohelper-1234-0123456789ab",
    "shell-stale: old lines": ".bashrc",
}
_WAYS = _OTHER | {
    **{name: text(lines) for name, lines in _IN_CONFIG.items()},
    **{name: native(lines) for name, lines in _OF_PROFILE.items()},
    **{name: in_credentials(lines) for name, lines in _IN_CREDENTIALS.items()},
    **{name: set_env(**variables) for name, variables in _VARIABLES.items()},
}
BROKEN = {
    name: Broken(set(name.partition(":")[0].split()), break_it, _REPAIRED.get(name))
    for name, break_it in _WAYS.items()
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
