# Everything a checkout needs; `make help` lists the targets. Works with GNU make 3.81 (macOS) and later.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test check gpu format clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

demo: .venv/installed  ## draw the portraits, train on them, picture what was learned
	$(BIN)/faces download
	$(BIN)/faces train-faces --out runs/demo --overwrite
	$(BIN)/faces show-weights runs/demo

test: .venv/developing  ## the whole test suite, offline
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: .venv/developing  ## format, lint and types, as CI runs them
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

gpu: .venv/developing  ## on a machine with a GPU: the tests that need one, the two benchmarks, lab 1 in full (MNIST=folder)
	$(BIN)/python -m pytest -q -k "gpu or cuda" tests/nn tests/mnist tests/experiments tests/faces
	$(BIN)/python benchmarks/training.py --device cuda $(if $(MNIST),--mnist $(MNIST))
	$(BIN)/python benchmarks/features.py --device cuda --photos 4096
	$(BIN)/faces reproduce lab1 --budget full --device cuda --jobs 13 --out results $(if $(MNIST),--mnist $(MNIST))

format: .venv/developing  ## put the code into the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove what the targets made, but no data set and no run
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build *.egg-info

# The two files stand for an environment with the ordinary dependencies, and one with the developer's tools too.
.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "faces needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) --version): run make PYTHON=/path/to/python3.11"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/developing: .venv/installed
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@
