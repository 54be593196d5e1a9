# Two commands on a fresh machine with Python >= 3.10, pip and make: `make demo` and `make test`.
# They work from any folder: `make -C path/to/spanset demo`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo

.PHONY: demo test check lint types layers slow docs links pictures wheel clean
.DEFAULT_GOAL := demo

# A stamp a set of dependencies: installed again only when the pins or the metadata change.
$(VENV)/.core: pyproject.toml constraints.txt
	@echo "installing spanset and what it needs into $(VENV): 0.5 GB, about a minute"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.dev: $(VENV)/.core
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[cluster,dev,docs,hub,map,models,plot,train]'
	touch $@

$(VENV)/.docs: $(VENV)/.core
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $@

$(VENV)/.wheel: $(VENV)/.core
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[wheel]'
	touch $@

demo: $(VENV)/.core
	mkdir -p $(DEMO)
	$(BIN)/python examples/make_sample.py $(DEMO)/sample.jsonl
	$(BIN)/spanset select $(DEMO)/sample.jsonl -k 300 --quality column:rating --by family \
	  -o $(DEMO)/subset.jsonl --force
	$(BIN)/spanset report $(DEMO)/sample.jsonl -o $(DEMO)/first-look.html --force
	@echo
	@echo "Open in a browser:"
	@echo "    $(abspath $(DEMO))/first-look.html            a first look at the sample"
	@echo "    $(abspath $(DEMO))/subset.run/report.html     what was selected from it"
	@echo "For data of your own:"
	@echo "    source $(BIN)/activate; spanset report YOUR_FILE.jsonl"

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

# One site that opens without a network: build/site/index.html. A broken link or anchor fails.
docs: $(VENV)/.docs
	$(BIN)/python -m website build

# The links that lead elsewhere, each asked for: needs a network, and is no part of `make check`.
links: $(VENV)/.docs
	$(BIN)/python -m website links

pictures: $(VENV)/.dev
	$(BIN)/python -m website pictures

# dist/: sdist and wheel, checked, and the demo with the wheel alone on every Python that is here.
wheel: $(VENV)/.wheel
	.ci/wheel $(abspath $(BIN))

clean:
	rm -rf $(VENV) $(DEMO) build dist src/*.egg-info .pytest_cache .ruff_cache .hypothesis
