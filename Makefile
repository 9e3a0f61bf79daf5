# A fresh machine needs python3.11 and make; everything else comes from package registries, checked by hash.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
# Workers of the test run. Each has its own database, its own Redis numbers and its own anvil.
WORKERS ?= 2
# Folders of tests that ran before, for example in `make check`.
BUT     ?=
TESTS   := -n $(WORKERS) $(addprefix --ignore=,$(BUT))

COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url \
           --python-version 3.11 --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help setup lock demo browser test test-full bench scenarios screenshots clean \
        check check-money check-types check-imports check-lint check-format check-rules

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | while IFS='|' read -r name text; do \
		printf '%-12s %s\n' "$$name" "$$text"; done

$(UV):
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.13,<0.14"

# The stamp makes a second `make setup` cost nothing; a changed lock renews it.
$(VENV)/.synced: requirements/dev.txt config/local/fetch_anvil.py | $(UV)
	$(UV) pip sync --quiet --require-hashes requirements/dev.txt
	$(BIN)/python -P config/local/fetch_anvil.py
	touch $@

setup: $(VENV)/.synced ## environment, packages, anvil

lock: | $(UV) ## renew both locks from the .in files (runtime first: dev takes its versions)
	$(COMPILE) requirements/runtime.in -o requirements/runtime.txt
	$(COMPILE) requirements/dev.in -o requirements/dev.txt

demo: setup ## everything, until Ctrl-C
	$(BIN)/python manage.py demo

browser: setup ## a Chromium for the browser tests, found or installed
	$(BIN)/python -P tests/browser/fetch_chromium.py

test: setup browser ## all tests but the slow ones
	$(BIN)/python -m pytest $(TESTS)

test-full: setup browser ## all tests
	$(BIN)/python -m pytest $(TESTS) -m "not benchmark"

# The gates do not depend on each other: two at a time, the longest first, each one's output in one piece.
check: setup ## every gate that needs no server
	@$(MAKE) --no-print-directory -j2 --keep-going --output-sync=target \
		check-money check-types check-imports check-lint check-format check-rules

check-types:
	$(BIN)/mypy

# Unit and architecture tests in two processes of about equal length.
MONEY := tests/unit/core tests/unit/engine

check-money:
	$(BIN)/python -m pytest $(MONEY)

check-rules:
	$(BIN)/python -m pytest tests/unit tests/architecture $(MONEY:%=--ignore=%)

check-imports:
	$(BIN)/lint-imports

check-lint:
	$(BIN)/ruff check .

check-format:
	$(BIN)/ruff format --check .

bench: setup ## measurements
	$(BIN)/python -m pytest -n 0 -m benchmark tests/benchmarks

screenshots: setup browser ## draw every page into docs/screenshots
	BALLAST_SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest -n 0 tests/browser/test_screenshots.py

scenarios: setup ## the whole service over many days
	$(BIN)/python -m pytest $(TESTS) -m "not benchmark" tests/scenarios

clean: ## forget the state of the embedded servers
	rm -rf .local
