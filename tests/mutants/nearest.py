"""Which tests to run for a change of one module: those named after it, then those that import it."""

import re
from functools import cache
from pathlib import Path

MOST_FILES = 8
# Suites with their own make target, and tests that take the longest.
_LEFT_OUT = ("two_users", "torture", "fuzz", "bench", "mutants", "test_help.py", "test_demo.py")
_COMMAND = re.compile(r"""\.(?:command|group)\(\s*"([\w-]+)\"""")


def nearest_tests(root: Path, module: str) -> list[str]:
    """Return test files, the nearest first; `module` is a path such as ssohelper/core/text.py."""
    path = Path(module)
    package, name = path.parent.name, path.stem
    stem = re.sub(r"_(commands?|files?|store|cache)$", "", name)
    dotted = ".".join(path.with_suffix("").parts)
    importing = re.compile(
        rf"(from {re.escape(dotted)} import|import {re.escape(dotted)}\b"
        rf"|from {re.escape(dotted.rpartition('.')[0])} import [^\n]*\b{name}\b)"
    )
    commands = _COMMAND.findall((root / path).read_text()) if package == "cli" else []
    ranked = []
    for file, text in _test_files(root).items():
        is_own = Path(file).stem in (f"test_{name}", f"test_{stem}")
        is_near = Path(file).parent.name == package
        has_name = stem in Path(file).stem
        imports = bool(importing.search(text))
        uses = sum(text.count(f'"{command}"') for command in commands) if is_near else 0
        if is_own or imports or uses or (is_near and has_name):
            order = (not is_own, not (imports and is_near), not is_near, -uses, len(text))
            ranked.append((*order, file))
    chosen = [file for *_, file in sorted(ranked)][:MOST_FILES]
    return chosen or [f"tests/{package}"] * (root / "tests" / package).is_dir()


@cache
def _test_files(root: Path) -> dict[str, str]:
    files = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        name = path.relative_to(root).as_posix()
        if not any(part in name for part in _LEFT_OUT):
            files[name] = path.read_text()
    return files
