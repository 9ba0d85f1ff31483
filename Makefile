# Every target makes what it needs. PYTHON picks the interpreter (3.11 or newer).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
WORKERS ?= 2

.PHONY: demo test test-all lint docs bench clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[lab,dev]'
	touch $(STAMP)

demo: $(STAMP)  ## move the example workload in the lab and report its fifteen steps
	$(BIN)/resettle demo $(ARGS)

test: $(STAMP)  ## every test but the exhaustive ones
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not exhaustive" $(ARGS)

test-all: $(STAMP)  ## every test
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

lint: $(STAMP)  ## style and types
	$(BIN)/ruff check src tests docs benchmarks
	$(BIN)/ruff format --check src tests docs benchmarks
	$(BIN)/mypy

docs: $(STAMP)  ## write the generated pages anew
	$(BIN)/python -m docs.generate

bench: $(STAMP)  ## the benchmarks; each prints what it measures and against what
	$(BIN)/python -m benchmarks.run $(ARGS)

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
