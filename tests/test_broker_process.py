"""The broker's process, and the others that we start: none runs without its arguments."""

import pytest

from ssohelper.fastpath import BROKER_PROCESS, KEYRING_PROCESS, PROVIDER_PROCESS, RENEWAL_PROCESS


@pytest.mark.parametrize(
    "argv",
    [
        *((BROKER_PROCESS, *argv) for argv in ((), ("corp",), ("corp", "address", "more"))),
        *(
            (KEYRING_PROCESS, *argv)
            for argv in ((), ("find", "sign-ins"), ("steal", "sign-ins", "lock"))
        ),
        *((PROVIDER_PROCESS, *argv) for argv in ((), ("a", "b"))),
        *((RENEWAL_PROCESS, "corp"), ("notice-process",)),
    ],
)
def test_without_its_arguments_a_process_is_exit_2(run, argv):
    done = run(*argv)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")
