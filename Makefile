# make repro: the whole pipeline from a fresh clone.  make test: lint, types, the test suite.
# make faults: kills, full disks, damage and sharing, each done for real, and a table of them.
PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/installed
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: install repro test faults lint clean

install: $(INSTALLED)

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; name one: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

repro: install
	dvc repro

lint: install
	ruff check .
	ruff format --check .
	mypy

test: lint
	python -m pytest -n 2 --dist loadfile -m "not fault"

faults: install
	python -m pytest -n 2 --dist worksteal -m fault

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
