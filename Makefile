# Every target makes what it needs, once: a stamp in .venv says which dependencies are in.
# So the second run costs a few stat calls.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Debian packages for the tests: a browser, an accounting tool, the second store's server, strace;
# for card readers their service, a security module, and what compiles pyscard and our driver.
# `make test SYSTEM_PACKAGES=` leaves them to you.
CARD_PACKAGES := pcscd libpcsclite-dev softhsm2 gcc libc6-dev pkg-config
SYSTEM_PACKAGES ?= chromium fonts-dejavu-core hledger postgresql strace $(CARD_PACKAGES)

# All tests run in so many processes, each file in one of them; what you choose with ARGS runs in one.
WORKERS ?= 2

# What `make simulate` runs when nothing else is said.
SEEDS ?= 200

# What `make torture` does: so many faults on each store (sqlite, postgresql or both). Without SEED
# it draws one, and prints it.
FAULTS ?= 50
STORE ?= both

# What `make aged` makes, and where: 3 GB.
ACCOUNTS ?= 1000000
ENTRIES ?= 5000000
AGED ?= aged

# How long `make shift` sells.
MINUTES ?= 10

# The build backend is one of the pinned packages, so that installing asks for nothing
# that constraints.txt does not name.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check \
	--constraint constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check simulate mutants torture shift flips screenshots fuzz hostile aged counter flights bench pressure report format lock clean

help:
	@echo 'Airside, the payment gateway of an airline wallet.'
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run-ready ## Start the demo: one real payment, then the pages; Ctrl-C ends it
	$(BIN)/airside demo

test: $(VENV)/.test-ready ## Run the tests; ARGS="tests/ledger -k hold" runs some of them
	@scripts/install-system-packages.sh $(SYSTEM_PACKAGES)
	$(BIN)/python -m pytest $(or $(ARGS),-n $(WORKERS) --dist loadfile)

check: $(VENV)/.test-ready ## Format check, lint, strict types, floors, tests: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/mypy .
	$(BIN)/lint-imports --no-logo
	@$(MAKE) --no-print-directory test

simulate: $(VENV)/.test-ready ## Live through fresh seeds full of faults: make simulate SEEDS=1000
	$(BIN)/python -m tests.simulation --seeds $(SEEDS) $(if $(FROM),--from $(FROM)) $(if $(STEPS),--steps $(STEPS))

mutants: $(VENV)/.test-ready ## Put bugs in, by hand and by the thousand: is each one caught?
	$(BIN)/python -m tests.mutants $(if $(SAMPLE),--sample $(SAMPLE))

torture: $(VENV)/.test-ready ## Real faults, real processes: make torture FAULTS=50 SEED=1 STORE=both
	@scripts/install-system-packages.sh $(SYSTEM_PACKAGES)
	$(BIN)/python -m tests.torture --faults $(FAULTS) --store $(STORE) $(if $(SEED),--seed $(SEED))

shift: $(VENV)/.test-ready ## Eight tills, cuts and kills, for MINUTES=10: do their days tie?
	$(BIN)/python -m tests.shift --minutes $(MINUTES)

flips: $(VENV)/.test-ready ## Flip one bit of every byte of a small ledger: is each one found?
	$(BIN)/python -m tests.ledger.flips

screenshots: $(VENV)/.test-ready ## Every screen of the app as a picture, and what axe finds: PICTURES=folder
	@scripts/install-system-packages.sh $(filter chromium fonts-%,$(SYSTEM_PACKAGES)) fonts-wqy-microhei
	$(BIN)/python -m tests.browser.screenshots $(or $(PICTURES),build/screenshots)

fuzz: $(VENV)/.test-ready ## Read what nobody meant: a million QR payloads, 100,000 ISO 8583 frames; SEED=1
	$(BIN)/python -m tests.fuzz $(if $(PAYLOADS),--payloads $(PAYLOADS)) $(if $(FRAMES),--frames $(FRAMES)) $(if $(SEED),--seed $(SEED))

flights: $(VENV)/.test-ready ## Fly with lost tills, copied phones and power cuts: make flights FLIGHTS=1000 SEED=1
	$(BIN)/python -m tests.inflight --flights $(or $(FLIGHTS),200) $(if $(SEED),--seed $(SEED))

hostile: $(VENV)/.test-ready ## Send what nobody should, and look for leaks: REQUESTS=100000 SEED=1
	$(BIN)/python -m tests.hostile $(if $(REQUESTS),--requests $(REQUESTS)) $(if $(SEED),--seed $(SEED))

bench: $(VENV)/.bench-ready ## Measure beside what one would build instead; ARGS=--quick, --full
	@scripts/install-system-packages.sh $(filter postgresql,$(SYSTEM_PACKAGES))
	$(BIN)/python -m benchmarks $(ARGS)

pressure: $(VENV)/.bench-ready ## Three times what can be done: what is still answered, and when; ARGS=--write
	$(BIN)/python -m benchmarks.pressure $(ARGS)

counter: $(VENV)/.bench-ready ## Charge 100 times at the counter of a running `make run`: how long to the EMD?
	$(BIN)/python -m benchmarks.counter $(ARGS)

aged: $(VENV)/.bench-ready ## A million accounts, five million entries: made, and measured; AGED=folder
	$(BIN)/python -m benchmarks.old_age generate $(AGED)/small --accounts 1000 --entries 20000
	$(BIN)/python -m benchmarks.old_age generate $(AGED)/middle --accounts 100000 --entries 500000
	$(BIN)/python -m benchmarks.old_age generate $(AGED)/big --accounts $(ACCOUNTS) --entries $(ENTRIES)
	$(BIN)/python -m benchmarks.old_age measure $(AGED)/small $(AGED)/middle $(AGED)/big --write

report: $(VENV)/.bench-ready ## Write docs/performance.md and docs/scaling.md from that run's figures
	$(BIN)/python -m benchmarks.document --json benchmarks/results/latest.json

format: $(VENV)/.test-ready ## Format the code, and mend what lint can mend by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## Write constraints.txt anew; use the oldest Python: make lock PYTHON=python3.11
	scripts/lock.sh $(PYTHON) constraints.txt

clean: ## Remove the virtual environment and all caches; data/ holds money and stays
	rm -rf $(VENV) build *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@scripts/make-venv.sh $(PYTHON) $(VENV)
	@touch $@

$(VENV)/.run-ready: $(VENV)/.made pyproject.toml constraints.txt
	@echo 'Installing the dependencies into $(VENV), once: about a minute.'
	@$(PIP_INSTALL) setuptools
	@$(PIP_INSTALL) --no-build-isolation --editable '.[scan,till]'
	@touch $@

$(VENV)/.bench-ready: $(VENV)/.run-ready
	@echo 'Installing what the benchmarks compare with into $(VENV), once.'
	@$(PIP_INSTALL) --no-build-isolation --editable '.[scan,till,bench]'
	@touch $@

# pyscard has no wheel for Linux, so its headers come first. An interpreter of Debian's has its own
# in a package apart.
$(VENV)/.test-ready: $(VENV)/.run-ready
	@scripts/install-system-packages.sh $(filter $(CARD_PACKAGES),$(SYSTEM_PACKAGES)) \
		$(if $(filter gcc,$(SYSTEM_PACKAGES)),$$($(BIN)/python scripts/python-headers.py))
	@echo 'Installing the test tools into $(VENV), once.'
	@$(PIP_INSTALL) setuptools swig
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(PIP_INSTALL) --no-build-isolation 'pyscard>=2.3' || \
		echo 'pyscard could not be built; the tests of card readers will say what they need.'
	@$(PIP_INSTALL) --no-build-isolation --editable '.[scan,till,hsm,postgres,bench,test]'
	@touch $@
