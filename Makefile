# SPDX-License-Identifier: BSD-2-Clause
# For GNU make and BSD make alike: no conditionals, no functions, no pattern rules.

PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
# Everything stays in the checkout: pip's cache and temporary files too.
ENVIRONMENT = TMPDIR="$$PWD/.tmp" PIP_CACHE_DIR="$$PWD/.cache/pip" PIP_DISABLE_PIP_VERSION_CHECK=1

.PHONY: all demo docs test lint format benchmark conformance proof golden mutants fuzz sbom pyz \
    upstream builds port release-check constraints system-packages clean

all: demo

# dtkit alone, for `make demo`; with what its tests need, for everything else.
$(VENV)/dtkit: pyproject.toml hatch_build.py dtkit/_speedups.c dtkit/version.py
	@mkdir -p .tmp .cache
	@echo "setting up $(VENV)" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "dtkit needs Python 3.11 or later: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(ENVIRONMENT) $(BIN)/python -m pip install -q -e .
	@touch $(VENV)/dtkit

$(VENV)/installed: $(VENV)/dtkit tests/constraints.txt
	@$(ENVIRONMENT) $(BIN)/python -m pip install -q -c tests/constraints.txt -e '.[dev]'
	@touch $(VENV)/installed

demo: $(VENV)/dtkit
	@mkdir -p .tmp && $(ENVIRONMENT) PATH="$$PWD/$(BIN):$$PATH" sh tools/demo.sh

test: lint
	@mkdir -p .tmp && $(ENVIRONMENT) $(BIN)/python -m pytest -q -n 2

# Ask a real dtrace(1): here, or make conformance DTKIT_DTRACE_HOST=root@host.
conformance: $(VENV)/installed
	@mkdir -p .tmp && $(ENVIRONMENT) $(BIN)/python -m pytest -q -n 0 tests/conformance

lint: $(VENV)/installed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
	@$(BIN)/mypy

format: $(VENV)/installed
	@$(BIN)/ruff check -q --fix .
	@$(BIN)/ruff format -q .

benchmark: $(VENV)/installed
	@mkdir -p .tmp && $(ENVIRONMENT) $(BIN)/python -m benchmarks

# The manual as web pages, to read without a network. What Sphinx warns of is an error.
docs: $(VENV)/installed
	@mkdir -p .tmp .cache && $(ENVIRONMENT) $(BIN)/python -m sphinx -q -W --keep-going -b html \
	    -d .cache/doctrees docs .cache/manual
	@echo "$$PWD/.cache/manual/index.html"

proof:
	@sh opendtrace_patch/proof/prove.sh -d .cache/proof

# What is made from tables and templates and kept: written anew, for `git diff` to show.
golden: $(VENV)/installed
	@mkdir -p .tmp && $(ENVIRONMENT) $(BIN)/python tools/golden.py

# All of them take hours: make mutants ROOMS=mbuf, or SAMPLE=200 of each; SEED chooses others.
ROOMS =
SAMPLE = 0
SEED =
mutants: $(VENV)/installed
	@$(ENVIRONMENT) $(BIN)/python -m pip install -q -c tests/constraints.txt -e '.[dev,mutation]'
	@mkdir -p .cache .tmp && $(ENVIRONMENT) nice $(BIN)/python tools/mutants.py \
	    --sample $(SAMPLE) --seed "$(SEED)" $(ROOMS)

# Every reader and both C cores: make fuzz SECONDS=3600 before a release.
SECONDS = 60
TARGETS =
fuzz: $(VENV)/installed
	@$(ENVIRONMENT) $(BIN)/python -m pip install -q -c tests/constraints.txt -e '.[dev,fuzz]'
	@mkdir -p .cache .tmp && $(ENVIRONMENT) $(BIN)/python -m tests.fuzz \
	    --seconds $(SECONDS) $(TARGETS)

# dtkit and what it runs on as one file, for any machine that has Python.
pyz: $(VENV)/dtkit
	@$(BIN)/python tools/pyz.py dist/dtkit.pyz

# The kernel patches as series for git am, for who sends them to FreeBSD and OpenDTrace.
AUTHOR =
upstream: $(VENV)/dtkit
	@$(BIN)/python tools/upstream.py dist/upstream --author "$(AUTHOR)"

# sdist and wheel into dist/, installed and run on each Python that is here.
builds: $(VENV)/dtkit
	@mkdir -p .tmp && $(ENVIRONMENT) $(BIN)/python tools/builds.py

# FreeBSD's ports of that sdist, into dist/ports.
port:
	@sh packaging/freebsd/port.sh dist/dtkit-*.tar.gz dist/ports

# All that a release has to pass, for hours; make release-check STEPS='builds pyz' for some of it.
STEPS =
release-check: $(VENV)/installed
	@$(BIN)/python tools/release_check.py --make "$(MAKE)" $(STEPS)

# What is installed with dtkit, versions and licences, as CycloneDX: demo's environment, or any.
SBOM = .cache/sbom.json
sbom:
	@mkdir -p .tmp .cache && $(ENVIRONMENT) sh tools/sbom.sh $(PYTHON) $(SBOM)

# The versions that the tests are run with: the newest there are, from now on.
constraints:
	@mkdir -p .tmp && $(ENVIRONMENT) sh tools/constraints.sh $(PYTHON)

system-packages:
	@sh tools/system-packages.sh

clean:
	rm -rf $(VENV) .cache .tmp dist .hypothesis .mypy_cache .pytest_cache .ruff_cache demo
