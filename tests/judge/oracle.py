"""Asks botocore itself which credentials a profile gives. Only the requests and programs are fakes."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import mock

import botocore.session
from botocore import credentials, exceptions

from tests.judge.cases import COMMANDS, NAME

_LATER = "2099-01-01T00:00:00Z"


class Answer(NamedTuple):
    """The kind of source and what it gives ("ACCOUNT/ROLE", or whose keys); an error's class."""

    method: str
    what: str = ""

    @property
    def is_refusal(self) -> bool:
        return self.method in ("error", "nothing")


def ask_botocore(environ: Mapping[str, str], *, is_named: bool) -> Answer:
    """Return botocore's answer for the profile by `--profile`, or by AWS_PROFILE of the shell."""
    with mock.patch.dict(os.environ, environ, clear=True), _leaves():
        try:
            session = botocore.session.Session(profile=NAME if is_named else None)
            found = session.get_credentials()
            if found is None or found.method == "iam-role":
                return Answer("nothing")
            return Answer(found.method, found.get_frozen_credentials().access_key)
        except (exceptions.BotoCoreError, OSError, ValueError, IndexError) as error:
            return Answer("error", type(error).__name__)


def _keys(what: str) -> dict[str, str]:
    return {"AccessKeyId": what, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": _LATER}


def _sso(self: Any) -> dict[str, Any]:
    role = f"{self._account_id}/{self._role_name}"
    return {"ProviderType": "sso", "Credentials": _keys(role)}


def _assume(self: Any) -> dict[str, Any]:
    self._source_credentials.get_frozen_credentials()
    return {"Credentials": _keys(_role_of_arn(self._role_arn))}


def _web(self: Any) -> dict[str, Any]:
    self._web_identity_token_loader()
    return {"Credentials": _keys(_role_of_arn(self._role_arn))}


def _role_of_arn(arn: str) -> str:
    return "{4}/{5}".format(*arn.split(":")).replace("role/", "")


class _Program:
    def __init__(self, words: Sequence[str], **_: object) -> None:
        if not shutil.which(words[0], path=os.environ["PATH"]):
            raise FileNotFoundError(words[0])
        given = COMMANDS[" ".join(words)]
        self.returncode = 0 if given else 3
        self._answer = {"Version": 1, **_keys(given or "")}

    def communicate(self) -> tuple[bytes, bytes]:
        return json.dumps(self._answer).encode(), b"refused"


def _fixed(what: str) -> Any:
    names = {"access_key": what, "secret_key": "s", "token": "t", "expiry_time": _LATER}
    return lambda *_args, **_named: names | {"account_id": None, "role_name": "machine"}


@contextmanager
def _leaves() -> Iterator[None]:
    answer = {
        "AccessKeyId": "CONTAINER",
        "SecretAccessKey": "s",
        "Token": "t",
        "Expiration": _LATER,
    }
    parts: Sequence[tuple[Any, str, Any]] = (
        (credentials.SSOCredentialFetcher, "_get_credentials", _sso),
        (credentials.AssumeRoleCredentialFetcher, "_get_credentials", _assume),
        (credentials.AssumeRoleWithWebIdentityCredentialFetcher, "_get_credentials", _web),
        (credentials.ProcessProvider.__init__, "__defaults__", (_Program,)),
        (credentials.LoginCredentialFetcher, "load_cached_credentials", _fixed("LOGIN")),
        (credentials, "EC", object()),
        (credentials.ContainerMetadataFetcher, "retrieve_full_uri", lambda *_, **__: answer),
        (credentials.InstanceMetadataFetcher, "retrieve_iam_role_credentials", _fixed("MACHINE")),
    )
    patches = [mock.patch.object(*one) for one in parts]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()
