"""Callers with the same session, files, network and desktop share a broker; others do not."""

import os
import subprocess
import sys

import pytest

from ssohelper.fastpath import broker_address, folders
from ssohelper.system.locations import Locations

HOME = {"HOME": "/home/ana", "XDG_RUNTIME_DIR": "/run/user/1000"}


def name(session: str = "corp", **more: str) -> str:
    return broker_address.broker_socket_name(session, {**HOME, **more})


def test_other_variables_do_not_change_the_address():
    assert name() == name(AWS_PROFILE="x", AWS_REGION="y", PWD="/", TERM="xterm", PATH="/bin")
    assert len(name()) == 24


@pytest.mark.parametrize(
    "variable",
    [
        *("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "AWS_CONFIG_FILE", "SSOHELPER_HOME"),
        *("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY"),
        *("AWS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
        *("AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC", "AWS_USE_FIPS_ENDPOINT"),
        *("AWS_USE_DUALSTACK_ENDPOINT", "SSOHELPER_RENEW_AHEAD"),
        *("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY"),
    ],
)
def test_variables_that_decide_about_aws_files_or_desktop_change_the_address(variable):
    assert name(**{variable: "/x"}) != name()
    assert name(HTTP_PROXY="") != name(), "an empty variable differs from an unset one"


def test_session_version_installation_and_user_change_the_address(monkeypatch):
    names = {name(), name("lab")}
    for owner, attribute, value in (
        (broker_address, "__version__", "99.0"),
        (broker_address.sys, "prefix", "/elsewhere"),
        (os, "geteuid", lambda: 4242),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(owner, attribute, value)
            names.add(name())
    assert len(names) == 5


def test_the_path_of_the_config_and_the_file_at_it_change_the_address(tmp_path):
    """A container may mount another folder at the same path."""
    folder = tmp_path / ".aws"
    folder.mkdir()
    names = [name(HOME=str(tmp_path))]
    (folder / "config").write_text("")
    names.append(name(HOME=str(tmp_path)))
    (folder / "sso" / "cache").mkdir(parents=True)
    names.append(name(HOME=str(tmp_path)))
    (folder / "config").write_text("changed in place")
    assert name(HOME=str(tmp_path)) == names[-1], "what the file holds has no part in it"
    assert len(set(names)) == 3


@pytest.mark.needs_root
@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
@pytest.mark.parametrize("kind", ["net", "mount", "pid", "user"])
def test_a_process_in_another_namespace_has_another_address(kind):
    code = f"from {__name__} import name; print(name())"
    argv = ["unshare", f"--{kind}", *(["--fork"] if kind == "pid" else []), sys.executable]
    done = subprocess.run([*argv, "-c", code], capture_output=True, text=True, check=True)
    assert len(done.stdout.strip()) == 24
    assert done.stdout.strip() != name()


def test_a_relative_config_path_names_the_same_broker_as_its_absolute_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert name(AWS_CONFIG_FILE="here/config") == name(
        AWS_CONFIG_FILE=os.path.join(tmp_path, "here/config")
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", "/home/ana/.aws/config"),
        ("~/other", "/home/ana/other"),
        ("$SSOHELPER_TEST_FOLDER/config", "/folder/config"),
        ("${SSOHELPER_TEST_FOLDER}/a$SSOHELPER_TEST_NONE", "/folder/a$SSOHELPER_TEST_NONE"),
        ("/etc/aws", "/etc/aws"),
        ("~root/config", os.path.expanduser("~root/config")),
    ],
)
def test_the_config_is_where_botocore_looks_for_it(monkeypatch, value, expected):
    """The variables are those of the caller, which may have others than this process."""
    monkeypatch.setenv("SSOHELPER_TEST_FOLDER", "/folder-of-this-process")
    environ = {**HOME, "AWS_CONFIG_FILE": value, "SSOHELPER_TEST_FOLDER": "/folder"}
    assert broker_address.expanded_aws_config_path(environ) == expected
    if value:
        with monkeypatch.context() as context:
            context.setattr(os, "environ", environ)
            assert os.path.expanduser(os.path.expandvars(value)) == expected
    if not value.startswith("~root"):
        assert str(Locations(environ).aws_config_file) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("~/other", "/home/ana/other"), ("/etc/aws", "/etc/aws"), ("$A/b", None), ("~root/c", None)],
)
def test_the_launcher_expands_the_home_folder_only(value, expected):
    environ = {**HOME, "AWS_CONFIG_FILE": value}
    assert folders.plain_aws_config_path(environ) == expected


def test_without_a_home_folder_the_config_is_where_the_system_says():
    expected = os.path.expanduser("~/.aws/config")
    assert broker_address.expanded_aws_config_path({}) == os.path.abspath(expected)


def test_a_relative_ssohelper_home_is_an_error():
    with pytest.raises(ValueError, match="SSOHELPER_HOME"):
        broker_address.broker_sockets_folder({**HOME, "SSOHELPER_HOME": "here"})
