"""Makes the TLS settings of connections to AWS, and finds the certificates to trust."""

import os
import ssl
from collections.abc import Mapping
from importlib.util import find_spec

from ssohelper.core.text import show
from ssohelper.errors import AwsUnreachable, ConfigInvalid


def make_tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return TLS settings (1.2 or newer) with which certificate and host name are verified.

    Raises: AwsUnreachable if the bundle of trusted certificates cannot be read; ConfigInvalid.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # The first releases of Python 3.11 (Debian 12 has 3.11.2) set this option with OpenSSL 3. If it
    # is set, an answer that is cut off without TLS's closing message seems complete.
    # OpenSSL 1.1 has no such option.
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    bundle = find_ca_bundle(environ)
    try:
        if os.path.isdir(bundle):
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle)
    except OSError as cause:  # including ssl.SSLError
        raise AwsUnreachable(
            f'the certificates in "{show(bundle, 200)}" cannot be read',
            hint="AWS_CA_BUNDLE, or else REQUESTS_CA_BUNDLE, must name a file in PEM format: "
            "correct or unset it",
        ) from cause
    return context


def find_ca_bundle(environ: Mapping[str, str]) -> str:
    """Return the path of the trusted certificates, found as botocore does.

    An empty variable counts as unset here, but makes botocore fail. Raises: ConfigInvalid for a
    relative path, since the current folder may be anybody's repository.
    """
    for variable in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        path = environ.get(variable)
        if path and not os.path.isabs(path):
            raise ConfigInvalid(
                f'{variable} is "{show(path, 200)}", which depends on the current folder',
                hint=f"name the file in {variable} by its absolute path, or unset it",
            )
        if path:
            return path
    return _find_public_ca_bundle()


def _find_public_ca_bundle() -> str:
    """Return certifi's bundle of certificates if certifi is installed, or else botocore's own.

    botocore does the same. find_spec locates a package without importing it, because the import of
    botocore costs 130 ms.
    """
    for package in ("certifi", "botocore"):
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            path = os.path.join(folder, "cacert.pem")
            if os.path.isfile(path):
                return path
        if spec is not None and package == "certifi":
            # A Linux distribution's certifi has no bundle of its own: its `where` returns the
            # system's.
            from certifi import where

            return str(where())
    raise AwsUnreachable(
        "there is no bundle of public certificates on this machine",
        hint="reinstall ssohelper, or name a bundle in AWS_CA_BUNDLE",
    )
