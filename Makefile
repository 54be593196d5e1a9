# Two commands on a fresh machine with Python >= 3.10, pip and make: `make demo` and `make test`.
# They work from any folder: `make -C path/to/spanset demo`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo

.PHONY: demo test check lint types layers slow clean
.DEFAULT_GOAL := demo

# A stamp a set of dependencies: installed again only when the pins or the metadata change.
$(VENV)/.core: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.dev: $(VENV)/.core
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,hub,map,models,plot,train]'
	touch $@

demo: $(VENV)/.core
	mkdir -p $(DEMO)
	$(BIN)/python examples/make_sample.py $(DEMO)/sample.jsonl
	$(BIN)/spanset select $(DEMO)/sample.jsonl -k 300 --quality column:rating --by family --by copy \
	  -o $(DEMO)/subset.jsonl --run $(DEMO)/run --force

# A worker a core; each worker's libraries keep to one thread.
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal

test: $(VENV)/.dev
	$(PYTEST) -m "not slow"

slow: $(VENV)/.dev
	$(PYTEST) -m slow

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/pyright

layers: $(VENV)/.dev
	$(BIN)/lint-imports --no-cache

check: lint types layers test slow

clean:
	rm -rf $(VENV) $(DEMO) build dist src/*.egg-info .pytest_cache .ruff_cache .hypothesis
