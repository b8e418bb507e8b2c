"""Checks the rules of this project: what a hit imports, which imports wait, what is shipped."""

import ast
import json
import os
import re
import sys
import tarfile
import time
import tomllib
import zipfile
from pathlib import Path

import pytest

from ssohelper import errors, settings
from ssohelper.app import App
from ssohelper.core.model import RoleKey
from tests.programs import run_program
from tests.published import publish_response

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "ssohelper"
SOURCES = sorted(PACKAGE.rglob("*.py"))

# Imports inside functions: __main__ and cli/__init__ choose an entry point, app.py makes collaborators,
# tui/screens/accounts.py what its first paint does not need. A caller of a broker imports the socket
# alone, and starts one rarely; plain http (the emulator, a proxy) needs neither TLS nor proxies.
DEFERRED_IN = {
    "__main__.py",
    "app.py",
    "collaborators/stores.py",
    # Few homes have profiles whose credentials are not ours; the first paint is sooner without.
    "actions/roles.py",
    "collaborators/aws_clients.py",
    "cli/__init__.py",
    # Modules of Unix's, which a hit does not load: resource, pwd.
    "fastpath/own_process.py",
    "fastpath/folders.py",
    "stores/files.py",
    "fastpath/broker_address.py",
    "fastpath/broker_client.py",
    "fastpath/spawn.py",
    # A reader of the config needs neither the code that edits it nor the versions for undo: 4 ms.
    "core/config_file.py",
    "stores/config_store.py",
    "stores/name_index.py",
    # Most sessions have no start URL of the company's own.
    "stores/portals.py",
    "tui/full_screen.py",
    "tui/screens/accounts.py",
    # segno loads an HTTP client and OpenSSL, 10 MB; most screens draw no QR code.
    "tui/screens/sign_in.py",
    # A release of cached credentials asks AWS nothing and writes no cache.
    "collaborators/vault.py",
    "wire/connection.py",
    "wire/transport.py",
}
# What any entry point may import late: rich draws on a terminal only and costs more than the rest of
# a listing, a QR code is asked for, a crash report is needed once in a lifetime, textual is for a
# person who is asked something, and `exec` needs an endpoint only with --server.
DEFERRED_ANYWHERE = {
    "ssohelper.system.crash_report",
    # Only `--version` and an error's hint say from where ssohelper was installed: 10 ms.
    "ssohelper.system.own_source.install_hint",
    "ssohelper.cli.pickers",
    "ssohelper.cli.qr_code",
    "ssohelper.cli.serve_command",
    "ssohelper.cli.exec_roles",
    "ssohelper.cli.table",
    # wire: a proxy variable is set; a proxy is spoken to over https; a distribution's certifi.
    "urllib.request.getproxies",
    "urllib.request.proxy_bypass",
    "urllib.request.proxy_bypass_environment",
    "urllib3.util.ssltransport.SSLTransport",
    "certifi.where",
    # A progress bar is drawn on a terminal after 0.3 s only.
    "rich.console.Console",
    *(f"rich.progress.{name}Column" for name in ("Bar", "MofNComplete", "TimeRemaining")),
    "rich.progress.Progress",
    # It loads OpenSSL, which takes 2 ms, and a list of roles needs no hash.
    "hashlib.sha256",
    # A list of roles is shown before the first search: 1 ms.
    "ssohelper.core.search.Index",
    "ssohelper.core.suggestions.suggest_search",
    # An error's text, which needs the code that edits the config: a tenth of a broker's imports.
    "ssohelper.actions.missing_sessions",
    # An error's text needs the names that are similar to a mistyped one.
    "difflib.get_close_matches",
    # Few profiles have quotes in a header or a command.
    "shlex.split",
    # Only the hints of errors quote a path.
    "shlex.quote",
    # Few users set AWS_CONFIG_FILE to a path with a variable.
    "ssohelper.fastpath.spawn.expand_variables",
}

# A miss goes to the broker: nothing that asks AWS, parses JSON or TOML, or logs.
MISS_IMPORTS = {
    "ssohelper.fastpath.own_process",
    "ssohelper.fastpath",
    "ssohelper.fastpath.broker_address",
    "ssohelper.fastpath.broker_client",
    "ssohelper.fastpath.calling_process",
    "ssohelper.fastpath.miss",
    "ssohelper.fastpath.spawn",
    "ssohelper.fastpath.peer",
}
HEAVY = {"json", "logging", "ssl", "subprocess", "typing", "http.client", "tomllib", "re"}
HIT_IMPORTS = {
    "ssohelper",
    "ssohelper.fastpath",
    "ssohelper.__main__",
    "ssohelper.fastpath.published",
    "ssohelper.fastpath.folders",
    "ssohelper.fastpath.open_file",
}

# Modules without a test at their mirror place (TestLayout). Lower it when one gets a test.
MOST_WITHOUT_MIRROR = 68

# Calls that read or change files, by module, and Path's methods that do. A file's status alone
# (os.stat, os.access) is not counted.
DISK_CALLS = {
    "builtins": {"open"},
    "io": {"open"},
    "os": {
        *("open", "scandir", "listdir", "walk", "mkdir", "makedirs", "unlink", "remove", "rename"),
        *("replace", "rmdir", "removedirs", "symlink", "link", "chmod", "chown", "utime"),
        *("truncate", "mkfifo"),
    },
    "shutil": {"rmtree", "copy", "copy2", "copyfile", "copytree", "move"},
    "tempfile": {"mkdtemp", "mkstemp", "NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile"},
}
DISK_METHODS = {
    *("read_text", "read_bytes", "write_text", "write_bytes", "touch", "mkdir", "rmdir", "unlink"),
    *("rename", "symlink_to", "hardlink_to", "chmod", "iterdir", "glob", "rglob"),
}
# Paths that are no files of a disk.
NO_DISK = ("os.devnull", "'/dev/tty'", "'CON'", "'/proc/uptime'", "'/proc/self/stat'")
# The modules outside `stores` that touch the disk, each with its reason.
TOUCH_THE_DISK = {
    "broker_process.py": "removes its own socket at its end",
    "cli/demo_command.py": "makes and removes the demo's home, which is a temporary folder",
    "system/crash_report.py": "must work when everything else does not",
    "emulator/server.py": "imports nothing of ssohelper",
    "emulator/world_file.py": "imports nothing of ssohelper",
    "fastpath/broker_client.py": "a miss loads no store; makes the sockets' folder",
    "fastpath/calling_process.py": "reads the kernel's files of processes",
    "system/clock.py": "reads the kernel's id of the boot",
    "fastpath/open_file.py": "opens files for all others: the rules are there",
    "fastpath/peer.py": "reads the kernel's tables of connections",
    "system/installation.py": "looks for the package that belongs to a program",
    "system/own_source.py": "reads what the installer recorded beside the package",
    "system/shell_answer.py": "writes the file that the shell function has made, and removes it",
    "system/terminal_session.py": "reads the kernel's files of processes",
    "system/shell_texts.py": "reads texts of the installation, which are the package's own",
}

DOCUMENT = (
    '{"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"s","SessionToken":"t",'
    '"Expiration":"2099-01-01T00:00:00Z","AccountId":"001234567890"}\n'
)
ARGV = ["--session", "corp", "--account-id", "001234567890", "--role-name", "Admin"]

# Runs the program as the console script does, then says on stderr what is loaded.
_RUN_AND_NAME_MODULES = (
    "import sys\n"
    f"sys.path.insert(0, {str(ROOT)!r})\n"
    "before = set(sys.modules)\n"
    "from ssohelper.__main__ import main\n"
    "code = main()\n"
    "sys.stderr.write('\\n'.join(sorted(set(sys.modules) - before)))\n"
    "sys.exit(code)\n"
)


@pytest.fixture
def published(tmp_path) -> dict[str, str]:
    """An environment in which the role of ARGV has a published response, valid for an hour."""
    environ = {"SSOHELPER_HOME": str(tmp_path), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    key = RoleKey("corp", "001234567890", "Admin")
    publish_response(environ, key, DOCUMENT.encode(), int(time.time()) + 3600)
    return environ


class TestHit:
    def test_a_hit_imports_exactly_its_allow_list(self, published):
        # -S -I: the environment's own site hooks (an editable install's finder) are not ours.
        argv = [sys.executable, "-S", "-c", _RUN_AND_NAME_MODULES, "credential-process", *ARGV]
        answer = run_program(argv, published)
        assert answer.stdout == DOCUMENT
        assert answer.returncode == 0
        # `time` is built in: it is loaded without a file being looked for.
        builtin = set(sys.builtin_module_names)
        bare = _modules_of_a_bare_python(published)
        assert set(answer.stderr.split()) - builtin - bare == HIT_IMPORTS

    def test_the_console_script_answers_a_hit_too(self, published):
        script = Path(sys.executable).parent / "ssohelper"
        answer = run_program([script, "credential-process", *ARGV], published)
        assert (answer.returncode, answer.stdout, answer.stderr) == (0, DOCUMENT, "")


class TestMiss:
    @pytest.mark.skipif(os.nice(0) > 0, reason="a caller with a nice level starts no broker")
    def test_imports_of_ours_exactly_its_allow_list_and_nothing_heavy(self, home, emulator):
        home.add_session("corp")
        home.write_token(emulator.issue_token("ana"))
        argv = [*ARGV[:2], "--account-id", "000030000003", "--role-name", "ReadOnlyAccess"]
        argv = [sys.executable, "-S", "-c", _RUN_AND_NAME_MODULES, "credential-process", *argv]
        answer = run_program(argv, home.env)
        assert '"AccountId":"000030000003"' in answer.stdout, answer.stderr
        loaded = set(answer.stderr.split())
        ours = {name for name in loaded if name.partition(".")[0] == "ssohelper"}
        assert ours == HIT_IMPORTS | MISS_IMPORTS
        assert loaded & HEAVY == set()


def _modules_of_a_bare_python(environ: dict[str, str]) -> set[str]:
    """Modules that every start of Python with its site has loaded, whoever asks."""
    show = "import sys; print(*sys.modules)"
    return set(run_program([sys.executable, "-I", "-c", show], environ, check=True).stdout.split())


@pytest.fixture(scope="class")
def trees() -> dict[str, ast.Module]:
    """Each module's code, by its path below the package."""
    return {str(path.relative_to(PACKAGE)): ast.parse(path.read_text()) for path in SOURCES}


class TestSources:
    def test_defer_imports_only_where_the_rule_allows(self, trees):
        deferred = [
            f"{path}:{inner.lineno}"
            for path, tree in trees.items()
            if path not in DEFERRED_IN
            for outer in ast.walk(tree)
            if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for inner in ast.walk(outer)
            if isinstance(inner, ast.Import | ast.ImportFrom) and not _may_wait(inner)
        ]
        assert not deferred, f"imports inside a function: {deferred}"

    def test_app_has_few_members(self):
        app = App({"HOME": "/nowhere"})
        assert len({name for name in [*dir(App), *vars(app)] if not name.startswith("_")}) <= 42

    def test_shell_code_of_the_prompt_stays_short(self):
        """What a prompt shows is decided in Python: docs/decisions/0015-prompt-rows.md."""
        texts = (ROOT / "shell").glob("prompt.*")
        lines = {path.name: path.read_text().count("\n") for path in texts}
        assert len(lines) == 4
        assert {name: count for name, count in lines.items() if count > 80} == {}

    def test_use_no_textual_timer_or_call_that_may_never_come_or_come_too_late(self):
        """Textual's `set_timer` never calls on a busy machine: see `tui/one_time_timers.py`."""
        found = [path for path in SOURCES if ".set_timer(" in path.read_text()]
        assert found == []
        # Textual's `call_after_refresh` does: see `tui/one_time_timers.py`.
        found = {path.name for path in SOURCES if ".call_after_refresh(" in path.read_text()}
        assert found == {"one_time_timers.py"}

    def test_the_emulator_imports_the_standard_library_alone(self, trees):
        own = [tree for path, tree in trees.items() if path.startswith("emulator/")]
        assert len(own) > 10
        names = {name for tree in own for name in _imported(tree)}
        others = {name for name in names if not name.startswith("ssohelper.emulator")}
        assert {
            each for each in others if each.split(".")[0] not in sys.stdlib_module_names
        } == set()

    def test_import_botocore_for_other_tools_profiles_alone(self, trees):
        """botocore takes endpoint rules from the user's folder, and 0.3 s for its import."""
        names = {path: _imported(tree) for path, tree in trees.items()}
        found = {p for p, ms in names.items() if any(m.startswith("boto") for m in ms)}
        assert found == {"provider_process.py"}

    def test_touch_the_disk_in_stores_alone_and_in_the_named_exceptions(self, trees):
        others = {path: tree for path, tree in trees.items() if not path.startswith("stores/")}
        found = {path for path, tree in others.items() if _touches_disk(tree)}
        assert found == set(TOUCH_THE_DISK)

    def test_give_a_hint_with_each_error_of_the_network(self, trees):
        found = [kind for kind in vars(errors).values() if isinstance(kind, type)]
        kinds = {one.__name__: one for one in found if issubclass(one, errors.AwsUnreachable)}
        calls = [
            (f"{path}:{node.lineno}", {one.arg for one in node.keywords})
            for path, tree in trees.items()
            if path != "errors.py" and not path.startswith("emulator/")
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) in kinds
        ]
        assert len(calls) > 30
        assert [at for at, named in calls if "hint" not in named] == []
        # One that comes from another process has a hint too.
        assert {bool(kind("no answer").hint) for kind in kinds.values()} == {True}

    def test_say_what_is_missing_in_issues_and_not_in_the_source(self):
        marked = [
            str(path.relative_to(ROOT))
            for folder in ("ssohelper", "tests", "docs", "shell", ".ci")
            for path in (ROOT / folder).rglob("*")
            if path.suffix in {".py", ".md", ".sh", ".bash", ".toml"}
            and "node_modules" not in path.parts
            and path != Path(__file__).resolve()
            and re.search(r"\b(TODO|FIXME|XXX)\b", path.read_text(errors="replace"))
        ]
        assert not marked


def _may_wait(node: ast.Import | ast.ImportFrom) -> bool:
    names = {f"{getattr(node, 'module', None)}.{alias.name}" for alias in node.names}
    return isinstance(node, ast.ImportFrom) and names <= DEFERRED_ANYWHERE


def _touches_disk(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        # Names such as `from os import unlink` must not hide a call.
        if isinstance(node, ast.ImportFrom) and any(
            alias.name in DISK_CALLS.get(node.module or "", ()) for alias in node.names
        ):
            return True
        if isinstance(node, ast.Call) and _is_disk_call(node):
            return True
    return False


def _is_disk_call(call: ast.Call) -> bool:
    match call.func:
        case ast.Name(id=name):
            found = name in DISK_CALLS["builtins"]
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in DISK_CALLS:
            found = name in DISK_CALLS[module]
        case ast.Attribute(attr="replace"):
            # Path's; that of a text has two arguments
            found = len(call.args) == 1 and not call.keywords
        case ast.Attribute(attr=name):
            found = name in DISK_METHODS
        case _:
            found = False
    return found and not (call.args and ast.unparse(call.args[0]) in NO_DISK)


def _imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module or "")
    return found


class TestLayout:
    def test_no_two_modules_have_one_name(self):
        """Modules of the emulator may repeat a name, since the emulator imports nothing of ours."""
        paths = [path for path in SOURCES if path.relative_to(PACKAGE).parts[0] != "emulator"]
        names = [path.stem for path in paths if not path.stem.startswith("__")]
        assert {name for name in names if names.count(name) > 1} == set()

    def test_the_top_level_has_entry_points_packages_and_four_modules(self):
        names = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
        entry_points = {"__main__", "credential_process", "prompt_entry"}
        entry_points |= {name for name in names if name.endswith("_process")}
        assert names == entry_points | {"app", "errors", "logs", "settings"}

    def test_the_fast_path_has_exactly_what_a_hit_and_a_miss_load(self):
        loaded = {name for name in HIT_IMPORTS | MISS_IMPORTS if ".fastpath." in name}
        modules = {path.stem for path in (PACKAGE / "fastpath").glob("*.py")} - {"__init__"}
        assert {f"ssohelper.fastpath.{name}" for name in modules} == loaded

    def test_few_modules_have_no_test_at_their_mirror_place(self):
        paths = [path for path in SOURCES if not path.stem.startswith("__")]
        modules = {str(path.relative_to(PACKAGE).with_suffix("")) for path in paths}
        tests = [path.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")]
        without = modules - {_find_module_of_test(path, modules) for path in tests}
        assert len(without) <= MOST_WITHOUT_MIRROR, sorted(without)


def _find_module_of_test(test: Path, modules: set[str]) -> str | None:
    """Return the module whose mirror place this is: PACKAGE/test_MODULE.py.

    PACKAGE/test_MODULE_ASPECT.py and PACKAGE/MODULE/test_ASPECT.py are mirror places as well.
    """
    words = test.stem.removeprefix("test_").split("_")
    places = [str(test.parent / "_".join(words[:count])) for count in range(len(words), 0, -1)]
    return next((place for place in [*places, str(test.parent)] if place in modules), None)


class TestLock:
    @pytest.mark.parametrize("level", ["run", "dev"])
    def test_the_export_for_pip_pins_what_uv_lock_pins(self, level):
        locked = {
            package["name"]: package
            for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
        }
        lines = (ROOT / ".ci" / f"requirements-{level}.lock").read_text()
        pinned = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", lines, re.MULTILINE)
        assert pinned
        several = {name for name, _ in pinned if [n for n, _ in pinned].count(name) > 1}
        for name, version in pinned:
            if name not in several:  # one version for each Python: uv.lock lists both
                assert locked[name]["version"] == version, "renew it with: make lock"
        hashes = set(re.findall(r"sha256:[0-9a-f]{64}", lines))
        assert hashes <= set(re.findall(r"sha256:[0-9a-f]{64}", (ROOT / "uv.lock").read_text()))

    def test_the_export_names_every_dependency(self):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())
        wanted = {_name(text) for text in project["project"]["dependencies"]}
        groups = {_name(text) for group in project["dependency-groups"].values() for text in group}
        run = (ROOT / ".ci" / "requirements-run.lock").read_text()
        dev = (ROOT / ".ci" / "requirements-dev.lock").read_text()
        assert {name for name in wanted if f"\n{name}==" not in run} == set()
        assert {name for name in wanted | groups if f"\n{name}==" not in dev} == set()


class TestDocs:
    def test_name_every_module_of_the_top_level(self):
        page = (ROOT / "docs" / "architecture.md").read_text()
        parts = {path.name for path in PACKAGE.glob("[!_]*.py")}
        parts |= {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
        assert {part for part in parts if f"── {part} " not in page} == set()

    def test_name_every_setting(self):
        page = (ROOT / "docs" / "reference" / "settings.md").read_text()
        names = (key.replace("PATTERN", '"PATTERN"') for key in settings.TABLE)
        assert [name for name in names if name not in page] == []

    def test_name_every_exit_code_that_an_error_has(self):
        page = (ROOT / "docs" / "reference" / "exit-codes.md").read_text()
        codes = {
            kind.exit_code
            for kind in vars(errors).values()
            if isinstance(kind, type) and issubclass(kind, errors.SsoHelperError)
        }
        assert {code for code in codes if f"| {code} |" not in page} == set()

    def test_the_changelog_can_be_read_in_one_sitting(self):
        lines = (ROOT / "CHANGELOG.md").read_text().splitlines()
        unreleased = lines[lines.index("## 0.1.0, unreleased") :]
        assert len(unreleased) <= 300
        assert [line for line in lines if len(line) > 120] == []

    def test_link_only_to_files_that_are_there(self):
        readme = (ROOT / "README.md").read_text()
        linked = re.findall(r"\]\(([^):#]+)\)", readme)
        assert linked
        assert [path for path in linked if not (ROOT / path).exists()] == []


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    return zipfile.ZipFile(build("wheel", tmp_path_factory.mktemp("wheel")))


def build(target: str, folder: Path) -> Path:
    """Return the wheel or the sdist, made by the locked hatchling from this tree."""
    argv = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    made = run_program(argv, os.environ, cwd=ROOT)
    assert made.returncode == 0, made.stderr
    [path] = folder.iterdir()
    return path


def test_the_sdist_has_what_its_tests_and_documents_name(tmp_path):
    with tarfile.open(build("sdist", tmp_path)) as sdist:
        inside = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"CONTRIBUTING.md", "Makefile", "ssohelper/py.typed", "tests/conftest.py"} <= inside


class TestWheel:
    def test_holds_every_source_and_nothing_else_of_the_tree(self, wheel):
        inside = {name for name in wheel.namelist() if name.startswith("ssohelper/")}
        assert {str(path.relative_to(ROOT)) for path in SOURCES} <= inside
        assert "ssohelper/py.typed" in inside  # PEP 561
        elsewhere = {name for name in wheel.namelist() if not re.match(r"ssohelper[/-]", name)}
        assert elsewhere == set()
        assert not [name for name in inside if "__pycache__" in name]

    def test_has_the_licence_the_console_script_and_the_launcher(self, wheel):
        [entry_points] = [n for n in wheel.namelist() if n.endswith("entry_points.txt")]
        assert "ssohelper = ssohelper.__main__:main" in wheel.read(entry_points).decode()
        # Not under the console script's name: that one would silently overwrite it.
        [launcher] = [n for n in wheel.namelist() if ".data/scripts/" in n]
        assert launcher.endswith(".data/scripts/ssohelper-credentials")
        assert wheel.read(launcher) == (ROOT / "shell" / "ssohelper-credentials").read_bytes()
        [licence] = [n for n in wheel.namelist() if n.endswith("LICENSE")]
        assert "Apache License" in wheel.read(licence).decode()

    def test_has_the_texts_of_shell_init_and_the_completions_where_each_shell_looks(self, wheel):
        inside = {name.partition(".data/data/")[2]: name for name in wheel.namelist()}
        texts = [path for path in (ROOT / "shell").iterdir() if path.suffix]
        assert len(texts) >= 4
        for path in texts:
            assert wheel.read(inside[f"share/ssohelper/{path.name}"]) == path.read_bytes()
        data = {name.partition(".data/data/")[2]: name for name in wheel.namelist()}
        for place, source in {
            "share/bash-completion/completions/ssohelper": "ssohelper.bash",
            "share/zsh/site-functions/_ssohelper": "_ssohelper",
            "share/fish/vendor_completions.d/ssohelper.fish": "ssohelper.fish",
            "share/ssohelper/completion.ps1": "ssohelper.ps1",
        }.items():
            assert wheel.read(data[place]) == (ROOT / "completions" / source).read_bytes()

    def test_has_the_man_page_and_the_list_of_packages(self, wheel):
        data = {name.partition(".data/data/")[2]: name for name in wheel.namelist()}
        page = wheel.read(data["share/man/man1/ssohelper.1"])
        assert page == (ROOT / "docs" / "man" / "ssohelper.1").read_bytes()
        [listed] = [name for name in wheel.namelist() if name.endswith("/sboms/sbom.cdx.json")]
        document = json.loads(wheel.read(listed))
        assert "uv.lock" in document["metadata"]["component"]["description"]
        components = {each["name"] for each in document["components"]}
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        wanted = {_name(requirement) for requirement in project["dependencies"]}
        assert wanted <= components
        assert "pytest" not in components
