"""The make targets' helper: which Python it takes, and what it says where it can take none."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine whose only programs are those that `put` has put on PATH."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / ".ci" / "bootstrap.py")
    bootstrap = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bootstrap)
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))

    class Machine:
        module = bootstrap
        checkout = tmp_path / "checkout"

        def put(self, name: str, answer: str, code: int = 0) -> str:
            path = programs / name
            path.write_text(f"#!/bin/sh\necho '{answer}'\nexit {code}\n")
            path.chmod(0o755)
            return str(path)

    made = Machine()
    monkeypatch.setattr(sys, "executable", made.put("python3", "3 9 final venv"))
    made.checkout.mkdir()
    monkeypatch.setattr(bootstrap, "ROOT", made.checkout)
    monkeypatch.setattr(bootstrap, "VENV", made.checkout / ".venv")
    monkeypatch.setattr(bootstrap, "STAMP", made.checkout / ".venv" / "ssohelper-stamp")
    monkeypatch.setattr(bootstrap, "fingerprint", lambda level: f"fingerprint of {level}")
    return made


class TestInterpreter:
    def test_the_newest_that_works_comes_first(self, machine):
        older = machine.put("python3.11", "3 11 final venv")
        newer = machine.put("python3.13", "3 13 final venv")
        assert machine.module.find_pythons(with_venv=True) == [newer, older]

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            ("pyenv: python3.12: command not found", 127),
            ("3 12 candidate venv", 0),
            ("3 12 final none", 0),
            ("3 10 final venv", 0),
        ],
        ids=["a shim of a version that is not there", "prerelease", "no ensurepip", "too old"],
    )
    def test_one_that_does_not_work_is_passed_over(self, machine, answer, code):
        works = machine.put("python3.11", "3 11 final venv")
        machine.put("python3.12", answer, code)
        assert machine.module.find_pythons(with_venv=True) == [works]


def test_debian_without_venv_or_python_is_told_what_to_install(machine, capsys):
    assert machine.module.main(["run"]) == 1
    assert "no Python 3.11 or newer works here" in capsys.readouterr().err
    machine.put("python3.13", "3 13 final none")
    assert machine.module.main(["run"]) == 1
    assert "apt-get install python3-venv" in capsys.readouterr().err


class TestEnvironment:
    def test_one_that_is_ready_is_not_touched(self, machine):
        _ready(machine, "dev fingerprint of dev")
        assert machine.module.main(["run"]) == 0
        assert machine.module.main(["dev"]) == 0

    def test_a_stale_one_is_made_anew_at_no_less_a_level(self, machine, monkeypatch):
        _ready(machine, "dev an older fingerprint")
        python = machine.put("python3.12", "3 12 final venv")
        asked = []
        install = lambda *said: asked.append(said) or True  # noqa: E731
        monkeypatch.setattr(machine.module, "install_with_pip", install)
        assert machine.module.main(["run"]) == 0
        assert asked == [(python, "dev")]
        assert machine.module.STAMP.read_text() == "dev fingerprint of dev\n"

    def test_the_next_python_is_tried_when_one_cannot_install(self, machine, monkeypatch):
        works = machine.put("python3.11", "3 11 final venv")
        machine.put("python3.13", "3 13 final venv")
        monkeypatch.setattr(machine.module, "install_with_pip", lambda python, _: python == works)
        (machine.checkout / ".venv").mkdir()
        assert machine.module.main(["run"]) == 0

    def test_caches_stay_in_the_checkout(self, machine):
        environ = machine.module.environment_inside_checkout()
        for name in ("UV_CACHE_DIR", "PIP_CACHE_DIR", "UV_PROJECT_ENVIRONMENT", "RUSTUP_HOME"):
            assert environ[name].startswith(str(machine.checkout) + os.sep)
        assert environ["UV_PYTHON_DOWNLOADS"] == "never"


def _ready(machine, stamp: str) -> None:
    (machine.checkout / ".venv" / "bin").mkdir(parents=True)
    (machine.checkout / ".venv" / "bin" / "python").touch()
    machine.module.STAMP.write_text(stamp + "\n")
