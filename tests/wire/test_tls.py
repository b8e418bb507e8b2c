"""Which certificates are trusted: those of the variables, certifi's, botocore's, in this order."""

import ssl
from pathlib import Path
from types import SimpleNamespace

import certifi
import pytest

from ssohelper.errors import AwsUnreachable, ConfigInvalid
from ssohelper.wire import connection
from ssohelper.wire.transport import Transport

BUNDLE = connection.find_ca_bundle({})


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"AWS_CA_BUNDLE": "/a", "REQUESTS_CA_BUNDLE": "/b"}, "/a"),
        ({"AWS_CA_BUNDLE": "", "REQUESTS_CA_BUNDLE": "/b"}, "/b"),
        ({"AWS_CA_BUNDLE": "", "REQUESTS_CA_BUNDLE": ""}, BUNDLE),
    ],
)
def test_the_variables_come_first_and_empty_ones_do_not_count(environ, path):
    assert connection.find_ca_bundle(environ) == path


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
@pytest.mark.parametrize("path", ["ca.pem", "../ca.pem", "~/ca.pem", "."])
@pytest.mark.parametrize("url", ["https://portal.example", "http://127.0.0.1:9"])
def test_a_relative_bundle_is_refused(variable: str, path: str, url: str) -> None:
    with pytest.raises(ConfigInvalid, match=f"{variable} is .* depends on the current folder"):
        Transport(url, {variable: path}, "the portal").prepare_first_call()


def test_a_bundle_is_a_file_or_a_folder_and_servers_are_checked(tmp_path: Path) -> None:
    for path in (BUNDLE, str(tmp_path)):
        context = connection.make_tls_context(path)
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert connection.make_tls_context(BUNDLE).cert_store_stats()["x509_ca"] > 50
    assert connection.make_tls_context(str(tmp_path)).cert_store_stats()["x509_ca"] == 0


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_bundle_that_cannot_be_read_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(AwsUnreachable, match="cannot be read") as caught:
        connection.make_tls_context(str(path))
    assert str(path) in str(caught.value)
    assert caught.value.hint is not None
    assert "AWS_CA_BUNDLE" in caught.value.hint


def test_the_public_bundle_is_certifis_then_botocores(tmp_path, monkeypatch):
    installed: dict[str, SimpleNamespace] = {}
    monkeypatch.setattr(connection, "find_spec", installed.get)
    with pytest.raises(AwsUnreachable, match="no bundle of public certificates"):
        connection.find_ca_bundle({})
    for package in ("botocore", "certifi"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "cacert.pem").write_text("")
        installed[package] = SimpleNamespace(submodule_search_locations=[str(tmp_path / package)])
        assert connection.find_ca_bundle({}) == str(tmp_path / package / "cacert.pem")
    # A Linux distribution's certifi has no bundle in its folder, and says where the system's is.
    (tmp_path / "certifi" / "cacert.pem").unlink()
    assert connection.find_ca_bundle({}) == certifi.where()
