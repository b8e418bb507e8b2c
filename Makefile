# Each target installs what it needs into .venv: python3 (3.11 or newer), make and a package index are
# enough. Nothing is written outside this folder. `make PYTHON=/path/to/python3 …` sets the Python that
# runs .ci/bootstrap.py; .venv gets the newest Python from 3.11 on that works.

PYTHON ?= python3
BIN := .venv/bin
BOOTSTRAP := $(PYTHON) .ci/bootstrap.py
SCRIPTS := .ci/run $(wildcard shell/*.bash completions/*.bash shell/ssohelper-credentials)

export npm_config_cache := $(CURDIR)/.cache/npm
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
export UV_PYTHON_DOWNLOADS := never
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip

.PHONY: help demo test changed test-two-users upgrade check lowest bench torture simulate fuzz mutants coverage generated pictures docs package lock clean run-env dev-env
.NOTPARALLEL:

help:
	@echo 'make demo    try it: a whole Identity Center on this machine, no AWS account needed'
	@echo 'make test    run the tests (ARGS="tests/test_project_rules.py -x" for some)'
	@echo 'make changed  ruff, the project rules, and the tests beside the modules changed since main'
	@echo 'make test-two-users  attack the program as another user of the machine (as root)'
	@echo 'make upgrade  install earlier builds, use them, upgrade in place: does all go on? (a full clone, 3 min)'
	@echo 'make check   ruff, mypy (Linux, macOS, Windows), import-linter, docs, shellcheck'
	@echo 'make lowest  try the lowest and the newest versions of the dependencies (needs a package index)'
	@echo 'make bench   measure speed and memory, and print each target beside the figure'
	@echo 'make torture run crowds of callers, kills, faults and the long tests: 80 min (at most S=600, SEED=n repeats)'
	@echo 'make simulate run the broker in random schedules (S=60 seconds or N=number, SEED=n repeats)'
	@echo 'make generated  write the generated files again: man page, completion tree, pictures'
	@echo 'make pictures  draw the screens into docs/pictures, and at every size into .cache/pictures'
	@echo 'make fuzz    damage files and answers, run the commands: 5 min (S=60 or N=number, SEED=n repeats)'
	@echo 'make docs    build the documentation into .cache/docs'
	@echo 'make mutants change one line at a time: does a test notice? (N=200, SEED=n, ONLY="core cli")'
	@echo 'make coverage  run the tests with branch coverage, per package (ARGS="tests/core" for some)'
	@echo 'make package  build wheel and sdist into .cache/dist and check them'
	@echo 'make lock    renew uv.lock and its exports for pip (needs uv)'
	@echo 'make clean   remove everything that make has made'

demo: run-env
	@$(BIN)/ssohelper demo

# Six workers, because tests wait for a quarter of their time. In a fresh clone each worker would
# compile and rewrite all test modules (8 s of processor time each), so two processes do that first.
# Bytecode is written even if the caller's environment has PYTHONDONTWRITEBYTECODE.
# One process runs ARGS that name a file: six workers take longer to start than most files.
COLLECT = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --collect-only -qq
WORKERS = $(if $(findstring .py,$(ARGS)),,-n 6 --dist worksteal)
test: dev-env
	@[ -z '$(WORKERS)' ] || ls tests/cli/__pycache__/*-pytest-*.pyc >/dev/null 2>&1 || \
	    { $(COLLECT) tests/[a-c]*/ & $(COLLECT) tests/[d-z]*/ tests/test_*.py; wait; } >/dev/null
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest $(WORKERS) $(ARGS)

# The test beside ssohelper/core/text.py is tests/core/test_text.py; a changed test is run too. Changed
# help makes the man page and the completion tree stale; each doctor check is tried in test_doctor.py.
BESIDE = sed -n -e 's|^ssohelper/\(\(.*/\)*\)\([^/]*\)\.py$$|&\ntests/\1test_\3.py|' \
    -e 's|^ssohelper/cli/.*|&\ntests/cli/test_man_page.py\ntests/completion/test_words.py|' \
    -e 's|^ssohelper/actions/doctor_.*|&\ntests/actions/test_doctor.py|' -e p | grep '^tests.*test_[^/]*\.py$$'
changed: dev-env
	$(BIN)/ruff check -q . && $(BIN)/ruff format -q --check .
	@since=$$(git merge-base HEAD $(or $(SINCE),main)) && \
	files=$$({ git diff --name-only $$since; git ls-files -o --exclude-standard; } | $(BESIDE) | sort -u) ; \
	[ -z "$$files" ] || files=$$(ls $$files 2>/dev/null); \
	$(BIN)/python -m pytest -q -x -n 2 tests/test_project_rules.py $$files

test-two-users: dev-env
	$(BIN)/python -m pytest tests/two_users $(ARGS)

# Needs a clone with its history, and a package index.
upgrade: dev-env
	@$(BIN)/python -m tests.upgrade

check: dev-env
	$(BOOTSTRAP) lock --check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	set -e; for each in linux darwin win32; do \
	    $(BIN)/mypy --platform $$each --cache-dir .mypy_cache/$$each; done
	$(BIN)/mypy --implicit-reexport --cache-dir .mypy_cache/tests -p tests
	$(BIN)/lint-imports --no-cache
	$(MAKE) --no-print-directory docs package
	@if command -v shellcheck >/dev/null; then shellcheck $(SCRIPTS) && echo 'shellcheck: $(SCRIPTS)'; \
	elif [ -n "$$CI" ]; then echo 'shellcheck is not installed' >&2; exit 1; \
	else echo 'shellcheck is not installed: the scripts are not checked' >&2; fi

docs: dev-env
	$(BIN)/sphinx-build -W --keep-going -q -d .cache/doctrees -b html docs .cache/docs
	@echo 'docs: .cache/docs/index.html'

# Builds the wheel and the sdist, and checks them as a package index would.
package: dev-env
	@rm -rf .cache/dist
	@$(BIN)/python -m hatchling build -d .cache/dist 2>/dev/null
	$(BIN)/twine check --strict .cache/dist/*
	$(BIN)/check-wheel-contents .cache/dist/*.whl

lowest: dev-env
	@ONLY='$(ONLY)' $(BIN)/python -m tests.lowest

bench: dev-env
	@$(BIN)/python -m tests.bench.bench

# Writes the files that tests compare with fresh output. Run it after a change of help or screens.
generated: dev-env
	@$(BIN)/python -m tests.man_page
	@$(BIN)/python -m tests.completion_tree
	@$(BIN)/python -m tests.pictures docs/pictures

pictures: dev-env
	@$(BIN)/python -m tests.pictures

torture: dev-env
	@S='$(S)' SEED='$(SEED)' ROWS='$(ROWS)' $(BIN)/python -m tests.torture

fuzz: dev-env
	@S='$(S)' N='$(N)' SEED='$(SEED)' $(BIN)/python -m tests.fuzz

simulate: dev-env
	@$(BIN)/python -m tests.simulator $(if $(N),--count $(N),--seconds $(or $(S),60)) \
	    $(if $(SEED),--seed $(SEED))

mutants: dev-env
	@N='$(N)' SEED='$(SEED)' ONLY='$(ONLY)' LANES='$(LANES)' AGAIN='$(AGAIN)' BUDGET='$(BUDGET)' \
	    $(BIN)/python -m tests.mutants

coverage: dev-env
	@ARGS='$(ARGS)' KEEP='$(KEEP)' $(BIN)/python -m tests.branch_coverage

lock:
	$(BOOTSTRAP) lock

# All modules are compiled here, since tests and clients start ssohelper with PYTHONDONTWRITEBYTECODE:
# otherwise each start would compile every module again, and take twice as long.
run-env:
	@$(BOOTSTRAP) run
	@$(BIN)/python -m compileall -q ssohelper

dev-env:
	@$(BOOTSTRAP) dev
	@$(BIN)/python -m compileall -q ssohelper tests

clean:
	rm -rf .venv .cache .mypy_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
