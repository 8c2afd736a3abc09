# Everything a checkout needs, in a virtual environment of its own.
# `make` alone lists the targets. Stamp files make a second call instant.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
PARTS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet
RUN := $(BIN)/python run_backtest.py
# Each core begins with a run of whole files, which share what they set up, and one that has done takes over half of
# what another has left: no core waits for the longest file.
ALL_CORES := -n auto --dist worksteal

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo install test slow check format bench golden docs vendor clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.package  ## set up, run the domestic-compute thesis on the sample market
	$(RUN) run domestic_compute --data sample --benchmark 999002.SH

install: $(VENV)/.package $(VENV)/.test $(VENV)/.check  ## set up for development

test: $(VENV)/.test  ## the whole suite but for the long runs, on all cores; PYTEST_ARGS="-k limits"
	$(BIN)/python -m pytest $(ALL_CORES) $(PYTEST_ARGS)

slow: $(VENV)/.test  ## the long runs, on all cores
	$(BIN)/python -m pytest $(ALL_CORES) -m slow $(PYTEST_ARGS)

check: $(VENV)/.check  ## ruff, format, mypy --strict, import-linter
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.check  ## let ruff write the files as it wants them
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.bench  ## measure speed against the naive way, optstrategy and vectorbt, one table; PARTS="falsify kernel"
	$(BIN)/python -m bench $(PARTS)

golden: $(VENV)/.test  ## rewrite tests/golden/ from what the code gives now; read the difference
	$(BIN)/python -m pytest --update-golden $(PYTEST_ARGS)

docs: $(VENV)/.test  ## refresh the README's tables and picture from a real run
	$(BIN)/python -m pytest --update-golden tests/test_readme.py
	$(BIN)/python docs/picture.py

vendor: $(VENV)/.package  ## take the charting library out of its npm package: TGZ=lightweight-charts-5.2.1.tgz
	$(BIN)/python docs/vendor.py $(TGZ)

clean:  ## remove the virtual environment and caches (reports stay)
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests strategies bench docs -name __pycache__ -type d -prune -exec rm -rf {} +

# --- stamps ------------------------------------------------------------------

$(VENV)/.venv:
	@command -v $(PYTHON) >/dev/null || \
		{ echo "$(PYTHON) is not here: install Python 3.11 or newer, or name one, as in 'make demo PYTHON=python3.12'"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is $$($(PYTHON) --version), and backfolio needs 3.11 or newer: name one, as in 'make demo PYTHON=python3.12'"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip
	@touch $@

$(VENV)/.package: pyproject.toml | $(VENV)/.venv
	@echo "installing backfolio and what it needs into $(VENV) (a minute)"
	@$(PIP) --editable .
	@touch $@

# Dependency groups: pip knows them since 25.1, and Python 3.11 comes with an older one.
$(VENV)/.pip: | $(VENV)/.venv
	@$(PIP) 'pip>=25.1'
	@touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.package | $(VENV)/.pip
	@echo "installing what the tests need into $(VENV)"
	@$(PIP) --group test
	@touch $@

$(VENV)/.bench: pyproject.toml $(VENV)/.test
	@echo "installing what the measurements are compared with into $(VENV)"
	@$(PIP) --group bench
	@touch $@

$(VENV)/.check: pyproject.toml $(VENV)/.package | $(VENV)/.pip
	@echo "installing what the checks need into $(VENV)"
	@$(PIP) --group check
	@touch $@
