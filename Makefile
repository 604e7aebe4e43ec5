# `make demo` and `make test` set everything up first; nothing but Python 3.11 or later is needed.

PYTHON ?= python3
SECONDS ?= 600
SEED ?= 0
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-fast test-long fuzz lint bench reproduce docs clean

demo: $(READY)
	$(BIN)/compexact demo vision -o demo --force

test: $(READY)
	$(BIN)/pytest -n auto

test-long: $(READY)
	$(BIN)/pytest -n auto -m long

test-fast: $(READY)
	$(BIN)/pytest -n auto -m "not slow and not long and not real_data"

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

fuzz: $(READY)
	$(BIN)/python tests/fuzz.py --seconds $(SECONDS) --seed $(SEED)

bench: $(READY)
	$(BIN)/python benchmarks/beam.py
	$(BIN)/python benchmarks/exact.py
	$(BIN)/python benchmarks/stopping.py --rows 6000 --concepts 100 --limits 1

reproduce: $(READY)
	$(BIN)/python benchmarks/reproduce.py

docs: $(READY)
	$(BIN)/sphinx-build -W --keep-going -q docs docs/_build
	@echo "docs: docs/_build/index.html"

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,docs]"
	touch $(READY)

clean:
	rm -rf $(VENV) build dist *.egg-info demo .pytest_cache .mypy_cache .ruff_cache
