# The two commands to begin with: `make demo` shows everything on this machine, `make test` tests it.
# Needs Python 3.11 or newer and nothing else: uv is fetched for this checkout alone if the machine has none.

UV_VERSION := 0.13.9
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$p && break; done)
UV := $(or $(shell command -v uv),.rollcall/uv/bin/uv)
READY := .venv/.ready
BIN := .venv/bin

# A uv that looks for Pythons on its own could download one; the one that make found is enough.
export UV_PYTHON_DOWNLOADS := never
export UV_PYTHON := $(PYTHON)

.DEFAULT_GOAL := help
.PHONY: help install demo up down test lint check bench

help: ## Show this
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1\t/'

install: $(READY) ## Install into .venv what everything else needs

$(READY): pyproject.toml uv.lock | uv-there
	@echo "Installing Python packages into .venv"
	@$(UV) sync --frozen --quiet
	@touch $@

.PHONY: uv-there
uv-there:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name one with make PYTHON=..." >&2; exit 1; }
	@test -x "$$(command -v $(UV))" || { echo "Installing uv into .rollcall/uv"; mkdir -p .rollcall; \
		{ $(PYTHON) -m venv .rollcall/uv >/dev/null 2>&1 && .rollcall/uv/bin/pip install --quiet uv==$(UV_VERSION); } || \
		$(PYTHON) -m pip install --quiet --target .rollcall/uv uv==$(UV_VERSION); }

demo: $(READY) ## Start the stack, import examples/learners.csv, show what became of it
	@$(BIN)/rollcall up --detach
	@$(BIN)/rollcall demo

up: $(READY) ## Start the stack in the foreground; Ctrl-C ends it
	@$(BIN)/rollcall up

down: $(READY) ## Stop the stack; data stays
	@$(BIN)/rollcall down

test: $(READY) ## All tests, three at a time because most of them wait; only some: make test ARGS=tests/unit
	@$(BIN)/pytest --numprocesses=3 --dist=loadfile $(ARGS)

lint: $(READY) ## Style, types, and who may import whom
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: lint test ## What CI runs

bench: $(READY) ## Measure throughput and latency; the sizes: make bench ARGS="10 1000 100000 1000000"
	@$(BIN)/rollcall up --detach
	@$(BIN)/python -m bench $(ARGS)

.PHONY: chaos
chaos: $(READY) ## Import while parts are killed, frozen and cut off; longer: make chaos ARGS="--seconds 600 --seed 7"
	@$(BIN)/python -m tests.chaos $(ARGS)

.PHONY: mutations
mutations: $(READY) ## Break the product on purpose and see the tests notice; only one: make mutations ARGS="--only NAME"
	@$(BIN)/python -m tests.mutations $(ARGS)

.PHONY: fuzz
fuzz: $(READY) ## Look for files that the reader cannot bear, guided by coverage: make fuzz ARGS="--seconds 600"
	@UV_PROJECT_ENVIRONMENT=.rollcall/fuzz $(UV) run --frozen --quiet --no-default-groups --group fuzz python -m tests.hostile.fuzz $(ARGS)
