# Six targets; each sets up the environment first, once per change of the lock file.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
.DEFAULT_GOAL := check
# The suite starts many programs; each would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

PARALLEL := $(BIN)/pytest --dist worksteal

.PHONY: run test test-all check generate fix

run: $(READY)  ## the server with the sandbox world on 127.0.0.1:8484
	@$(BIN)/wirepost serve

test: $(READY)  ## the suite without what is slow or needs programs of others: less than two minutes on two cores
	WIREPOST_HYPOTHESIS=quick $(PARALLEL) -n 3 -m "not slow and not services"  # more than the cores, because tests wait, too

test-all: $(READY)  ## the whole suite, as far as the programs it needs are found, with coverage
	@rm -f .coverage .coverage.*
	$(PARALLEL) -n 2 --cov --cov-report=  # no more: browsers and servers of others work beside them
	$(BIN)/coverage report
	$(BIN)/python scripts/check_coverage.py

check: $(READY)  ## everything but the suite
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	git ls-files -z | xargs -0 $(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry src
	$(BIN)/pylint src/wirepost scripts/*.py tests/support
	$(BIN)/pytest -q tests/structure
	$(BIN)/python scripts/generate.py --check
	scripts/check_wheel
	scripts/audit

generate: $(READY)  ## tools.json and all other generated files
	$(BIN)/python scripts/generate.py

fix: $(READY)  ## what a program can put right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(READY): requirements.lock pyproject.toml scripts/install
	@PYTHON="$(PYTHON)" scripts/install
	@touch $@
