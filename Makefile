# Two commands set everything up: `make demo` and `make test`. Both make their own environment in .venv from the pinned
# locks, and install the few system libraries that PDFs need where they may (root, or sudo without a password).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# A worker for each processor, but not more than memory bears; a file's tests stay together, so that they share what is slow to make.
WORKERS := -n logical --maxprocesses 4 --dist loadfile
UV := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python

.PHONY: demo demo-full test lint fast gpu bench lock clean help

help:
	@echo "make demo       evaluate three real models, decide, and write their documents to demo/"
	@echo "make demo-full  the same at full size"
	@echo "make test       lint, types, architecture and all tests"
	@echo "make fast       the tests that take seconds each"
	@echo "make gpu        the tests that need an accelerator"
	@echo "make bench      the benchmarks, side by side with peers"
	@echo "make lock       renew the pinned locks"

$(READY): requirements.lock requirements-data.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; say which with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 5; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "Python cannot make environments here; run: sudo apt-get install -y python3-venv"; exit 5; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.8
	@echo "Installing the pinned packages (several GB the first time, PyTorch above all) ..."
	@$(UV) --require-hashes -r requirements.lock
	@$(UV) --require-hashes --no-deps -r requirements-data.lock
	@$(UV) --no-deps --editable .
	@touch $(READY)

demo: $(READY)
	@tools/system-packages.sh pdf || true
	@$(BIN)/governance demo

demo-full: $(READY)
	@tools/system-packages.sh pdf || true
	@$(BIN)/governance demo --full

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

fast: $(READY)
	@$(BIN)/pytest -q $(WORKERS) -m "not slow and not gpu"

test: lint
	@tools/system-packages.sh pdf test || true
	@$(BIN)/pytest -q $(WORKERS) -m "not slow and not gpu"
	@$(BIN)/pytest -q $(WORKERS) -m "slow and not gpu"

gpu: $(READY)
	@$(BIN)/pytest -q -m gpu

bench: $(READY)
	@$(BIN)/python -m benchmarks

lock: $(READY)
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--all-extras --constraint requirements-constraints.txt --no-emit-package medical-ai-governance pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-deps requirements-data.in -o requirements-data.lock

clean:
	rm -rf $(VENV) demo runs mlflow.db .governance-cache dist build
