# Rogatory: everything starts here. `make` alone lists what there is.
# Needs Python 3.11 or newer, make and git; all else goes into .venv, pinned by hash.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install --quiet --quiet --timeout 180 --retries 5
LOCK := deploy/requirements.lock
DEV_LOCK := deploy/requirements-dev.lock
# The stamps carry the lock's checksum, so another lock is another installation.
RUNTIME := $(VENV)/.installed-$(shell cksum < $(LOCK) | tr ' ' '-')
DEV := $(VENV)/.installed-dev-$(shell cat $(LOCK) $(DEV_LOCK) pyproject.toml | cksum | tr ' ' '-')
T ?=
SIZE ?= 1024
# Tests of parts share the cores; whole nodes run one test at a time, they need the machine.
SHARED := -n 3 --dist loadfile
export PYTHONPATH := $(CURDIR)

.DEFAULT_GOAL := help
.PHONY: help demo story stories lab lab-down bench soak test system compose-test check \
  fmt lint types imports dead cover docs lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## two countries exchange one evidence package; court, overseer and attacker look at it
	@$(PY) -m deploy.demo

story: $(RUNTIME) ## play a scenario of the process with words and pictures: N=3, N=3a its variant a; without N: the list
	@$(PY) -m deploy.stories $(N)

lab: $(RUNTIME) ## start the two nodes and leave them running; .lab/lab.json says where they are
	@$(PY) -m deploy.lab up

lab-down: $(RUNTIME) ## stop what `make lab` started
	@$(PY) -m deploy.lab down

bench: $(RUNTIME) ## content of 1 GiB (SIZE=256: MiB), the gateway, a log of a million entries (ENTRIES=100000), as ratios
	@$(PY) -m deploy.bench $(SIZE)
	@$(PY) -m deploy.bench_gateway $(SIZE)
	@$(PY) -m deploy.bench_log $(ENTRIES)
	@$(PY) -m deploy.bench_law
	@$(PY) -m deploy.bench_law_lists
	@$(PY) -m deploy.bench_law_report

test: $(DEV) ## all tests but Compose and soak; T=path for some of them
ifeq ($(T),)
	@$(PY) -m pytest tests --ignore=tests/system $(SHARED) -m "not compose and not soak and not slow"; parts=$$?; \
	$(PY) -m pytest tests/system -n 2 --dist loadfile -m "not compose and not soak" && exit $$parts
else
	@$(PY) -m pytest $(T) -m "not compose and not soak"
endif

system: $(DEV) ## two nodes as real processes: the case, crashes, real evidence
	@$(PY) -m pytest tests/system -n 2 --dist loadfile -m "not compose and not soak"

soak: $(DEV) ## the long runs: 2 GiB through both nodes, every crash, a million entries, fuzzing
	@$(PY) -m pytest tests -m soak

stories: $(DEV) ## every scenario of the process and its variants, as tests
	@$(PY) -m pytest tests/stories -n 2 -m "not soak"

compose-test: $(DEV) ## the same case against the Compose pair (needs a Docker engine)
	@$(PY) -m pytest tests/system -m compose

check: lint types imports dead cover docs ## every check that needs no node

fmt: $(DEV) ## format and mend what can be mended
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

lint: $(DEV) ## formatting and lint rules
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .

types: $(DEV) ## mypy, strict
	@$(VENV)/bin/mypy

imports: $(DEV) ## who may import whom
	@$(VENV)/bin/lint-imports

dead: $(DEV) ## what nothing but tests calls
	@$(VENV)/bin/vulture

cover: $(DEV) ## branch coverage: 95 %, the protocol and the verifier 100 %
	@$(VENV)/bin/coverage erase
	@$(VENV)/bin/coverage run -m pytest tests/unit tests/service tests/vectors -q $(SHARED) -m "not soak"
	@$(VENV)/bin/coverage combine -q
	@$(VENV)/bin/coverage report
	@$(VENV)/bin/coverage report --include='shared/protocol/*,client/verifier.py' --fail-under=100

docs: $(DEV) ## the README's walk, sizes, locks: what the repository says of itself
	@$(PY) -m pytest tests/repository -q

lock: ## pin the dependencies anew (needs uv on the PATH)
	cd deploy && uv pip compile --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header requirements.in -o requirements.lock
	cd deploy && uv pip compile --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header -c requirements.lock requirements-dev.in -o requirements-dev.lock

clean: ## remove what make made, but for a running lab
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage build

$(PY):
	@test -n "$(PYTHON)" || { echo "Rogatory needs Python 3.11 or newer; none was found."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments. Install what it lacks, then run make again:"; \
	  $(PYTHON) -c 'import sys; print("  sudo apt-get install -y python%d.%d-venv" % sys.version_info[:2])'; \
	  exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version) …"
	@$(PYTHON) -m venv $(VENV)

$(RUNTIME): $(PY)
	@echo "Installing $$(grep -c '==' $(LOCK)) pinned packages (checked by hash) …"
	@$(PIP) --require-hashes --no-deps -r $(LOCK)
	@touch $@

$(DEV): $(RUNTIME)
	@echo "Installing $$(grep -c '==' $(DEV_LOCK)) pinned packages for tests and checks …"
	@$(PIP) --require-hashes --no-deps -r $(DEV_LOCK)
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@
