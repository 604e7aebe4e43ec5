# `make demo` and `make test` set everything up first; nothing but Python 3.11 or later is needed.

PYTHON ?= python3
SECONDS ?= 600
SEED ?= 0
KILLS ?= 500
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-slow test-long fuzz kills lint bench reproduce docs constraints newest clean

demo: $(READY)
	$(BIN)/compexact demo vision -o demo --force

test: $(READY)
	$(BIN)/pytest -n auto -m "not slow and not fuzz and not long"

test-slow: $(READY)
	$(BIN)/pytest -n auto -m "(slow or fuzz) and not long"

test-long: $(READY)
	$(BIN)/pytest -n auto -m long

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --num-workers auto
	$(BIN)/vulture
	$(BIN)/codespell README.md docs compexact solver encodings probes experiments benchmarks

fuzz: $(READY)
	$(BIN)/python tests/fuzz.py --seconds $(SECONDS) --seed $(SEED)

kills: $(READY)
	$(BIN)/python tests/kills.py --kills $(KILLS) --seed $(SEED)

bench: $(READY)
	$(BIN)/python benchmarks/paper_scale.py --images 40
	$(BIN)/python benchmarks/probing.py --images 60
	$(BIN)/python benchmarks/growth.py --cells 1000 10000 100000
	$(BIN)/python benchmarks/beam.py
	$(BIN)/python benchmarks/exact.py
	$(BIN)/python benchmarks/stopping.py --rows 6000 --concepts 100 --limits 1

reproduce: $(READY)
	$(BIN)/python benchmarks/reproduce.py

docs: $(READY)
	$(BIN)/sphinx-build -W --keep-going -q docs docs/_build
	@echo "docs: docs/_build/index.html"

# Bytecode of 19,000 files would take most of the installation; what is imported gets its own when it is.
INSTALL := -m pip install --quiet --no-compile

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(INSTALL) --constraint constraints.txt --upgrade pip
	$(BIN)/python $(INSTALL) --constraint constraints.txt --build-constraint constraints.txt \
		--editable ".[dev,docs,dask,hf,timm]"
	touch $(READY)

# Pin what a fresh installation takes today.  With numbers of builds (+cpu) no other index would have the version.
constraints:
	rm -rf build/pins
	$(PYTHON) -m venv build/pins
	build/pins/bin/python -m pip install --quiet --upgrade pip setuptools
	build/pins/bin/python -m pip install --quiet --editable ".[dev,docs,dask,hf,timm]"
	sed -n '/^#/p' constraints.txt > build/pins/constraints.txt
	build/pins/bin/python -m pip freeze --all --exclude-editable | sed 's/+.*//' >> build/pins/constraints.txt
	mv build/pins/constraints.txt constraints.txt

# The newest versions of everything, on a few tests of each layer.  It says what broke, and never fails.  Only torch
# stays pinned: a newer one may come with gigabytes of CUDA.
NEWEST := $(addprefix tests/,solver/test_beam.py solver/sets/test_pairs.py encodings/test_models.py probes/test_store.py \
	probes/vision/test_probe.py experiments/commands/test_explain.py)
newest:
	@rm -rf build/newest
	@$(PYTHON) -m venv build/newest
	@grep '^torch' constraints.txt > build/newest/torch.txt
	@timeout 300 build/newest/bin/python $(INSTALL) --upgrade --constraint build/newest/torch.txt \
			--editable ".[dev]" \
		&& timeout 240 build/newest/bin/pytest -q -p no:cacheprovider -n 2 --tb=line \
			-m "not slow and not fuzz and not long and not real_data" $(NEWEST) > build/newest/log 2>&1 \
		&& echo "newest: $$(tail -n 1 build/newest/log)" \
		|| { tail -n 20 build/newest/log 2>/dev/null; echo "newest: something broke, or it took too long"; }

clean:
	rm -rf $(VENV) build dist *.egg-info demo .pytest_cache .mypy_cache .ruff_cache
