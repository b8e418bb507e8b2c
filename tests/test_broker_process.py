"""The broker's process, as its starter runs it: with its socket as descriptor 3."""

import pytest

from ssohelper.fastpath import BROKER_PROCESS


@pytest.mark.parametrize("argv", [(), ("corp",), ("corp", "address", "more")])
def test_without_its_two_arguments_it_is_exit_2(run, argv):
    done = run(BROKER_PROCESS, *argv)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")
