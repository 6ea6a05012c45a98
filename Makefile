# Everything a person does here, in one word. `make` alone lists it.
#
# A fresh Debian with make, git and Python 3.11 or later is enough: what is missing is installed once into $(VENV),
# and system packages through apt-get. Another interpreter or place:  make test VENV=.venv-3.13 PYTHON=python3.13

VENV ?= .venv
WORKERS ?= auto
# What tests drive, as Debian packages: each brings a command of its own name, and is not needed where that exists.
SYSTEM_PACKAGES := chromium

# The first that runs and is new enough: a name on the PATH may be a shim with nothing behind it.
CANDIDATES := python3.13 python3.12 python3.11 python3
PYTHON ?= $(shell for p in $(CANDIDATES); do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$p; break; }; done)

BIN = $(VENV)/bin
INSTALL = -m pip -qq --no-input --disable-pip-version-check install --editable
OFFLINE = { echo 'stackedmm: pip could not install (its message is above). Offline? Run make again with a connection;' \
	'what is already installed stays.' >&2; exit 1; }

export PIP_ROOT_USER_ACTION := ignore
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help desk test check format bench campaign clean system warm

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

desk: $(VENV)/.desk ## install the desk and open it on a simulated market
	@$(BIN)/stackedmm desk

test: system warm ## install everything and run all tests
	@$(BIN)/python -m pytest -n $(WORKERS)

check: $(VENV)/.all ## what to run before each commit: format, lint, types, house rules, fast tests
	@$(BIN)/ruff format --check --quiet --output-format concise || { echo 'stackedmm: run make format' >&2; exit 1; }
	@$(BIN)/ruff check --quiet
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/python -m pytest tests/test_house.py
	@$(BIN)/python -m pytest -n $(WORKERS) -m 'not slow' --ignore tests/test_house.py

format: $(VENV)/.all ## format the code and repair what lint can repair
	@$(BIN)/ruff check --quiet --fix-only
	@$(BIN)/ruff format --quiet

bench: .bench/.peers ## measure against a peer, side by side, in an environment of its own
	@.bench/bin/python tests/bench/run.py

campaign: $(VENV)/.all ## search for faults: thousands of seeded simulations
	@$(BIN)/python tests/campaign/run.py
	@$(BIN)/python tests/campaign/reloads.py

clean: ## remove environments, caches and build outputs
	@for folder in .venv .venv-* .bench "$(VENV)"; do [ ! -f "$$folder/pyvenv.cfg" ] || rm -rf "$$folder"; done
	@rm -rf build dist out .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Below: what the targets stand on. A stamp file says that a step is done; a second call does nothing.

system:
	@missing=; for p in $(SYSTEM_PACKAGES); do \
		PATH="$$PATH:/usr/sbin" command -v $$p >/dev/null || missing="$$missing $$p"; done; \
	[ -z "$$missing" ] || scripts/need 'some tests drive it' $$missing || { [ -z "$$CI" ] && \
		echo 'stackedmm: going on without; the tests that need it are skipped and say so'; }

# Parallel tests find the machine code in the cache.
warm: $(VENV)/.all
	@echo 'stackedmm: compiling the engine (once after a change of the core, then cached)'
	@$(BIN)/python -m stackedmm warm

$(VENV)/.desk: $(VENV)/.venv pyproject.toml
	@echo 'stackedmm: installing the desk into $(VENV) (a minute, once)'
	@$(BIN)/python $(INSTALL) '.[desk]' || $(OFFLINE)
	@touch $@

$(VENV)/.all: $(VENV)/.desk
	@echo 'stackedmm: installing the notebook and developer tools into $(VENV) (a minute, once)'
	@$(BIN)/python $(INSTALL) '.[all]' || $(OFFLINE)
	@touch $@

.bench/.peers: .bench/.venv pyproject.toml
	@echo 'stackedmm: installing the peer to measure against into .bench (a minute, once)'
	@.bench/bin/python $(INSTALL) . hftbacktest==2.4.4 || $(OFFLINE)
	@other=$$(for p in $(CANDIDATES); do command -v $$p >/dev/null && \
		$$p -c 'import sys, venv; raise SystemExit(sys.version_info < (3, 12))' 2>/dev/null && echo $$p && break; done); \
	if [ -n "$$other" ]; then $$other -m venv .bench/nautilus && \
		.bench/nautilus/bin/python $(INSTALL:--editable=) nautilus_trader==1.231.0 || $(OFFLINE); \
	else echo 'stackedmm: no Python 3.12 or later: NautilusTrader is left out'; fi
	@touch $@

%/.venv:
	@python='$(PYTHON)'; [ -n "$$python" ] || { \
		echo 'stackedmm: no working Python 3.11 or later among: $(CANDIDATES).' >&2; \
		echo '  Debian 12 and later:  apt-get install python3    Any other:  make PYTHON=/path/to/python ...' >&2; exit 1; }; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || scripts/need 'to make an environment' \
		"$$("$$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" || exit 1; \
	"$*/bin/python" -c 'import pip' 2>/dev/null || { \
		[ ! -f "$*/pyvenv.cfg" ] || rm -rf "$*"; "$$python" -m venv "$*" || exit 1; }; \
	touch "$@"
