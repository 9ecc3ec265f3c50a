# The commands of this project. Needed: Python 3.11-3.13 with venv, and make.
#   make demo    the guided notebooks on a shipped example, into demo/      make test    all tests, legacy answers from recordings
#   make proof   both engines for real, compared with the recordings        make bench   the benchmarks
#   make lab     JupyterLab on the notebooks                                make lock    the pins again (needs uv)
#   make widgets the programs of the widgets, from their JavaScript (needs node 20 and npm)
#   make corpus  DAG files of many packages, read and compared with Airflow (CORPUS_ARGS="--engine PYTHON ...")
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 2
SHARD ?= 1/1
PYTEST_ARGS ?=

# The first interpreter that really starts, is of a tried version and can make environments; PYTHON=... overrules.
CANDIDATES := $(PYTHON) python3.11 python3.12 python3.13 python3 python
FIND := for p in $(CANDIDATES); do "$$p" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& { command -v "$$p"; break; }; done

.PHONY: help demo test proof lab bench corpus widgets lock clean

help:
	@sed -n '2,6s/^# *//p' Makefile

$(STAMP): requirements.lock pyproject.toml
	@found=$$($(FIND)); \
	if [ ! -x $(BIN)/python ] && [ -z "$$found" ]; then \
	  echo "No Python 3.11, 3.12 or 3.13 with venv found. Install one, or name it: make PYTHON=/path/to/python $(MAKECMDGOALS)" >&2; exit 2; fi; \
	if [ ! -x $(BIN)/python ]; then echo "[setup 1/3] making $(VENV) with $$found"; "$$found" -m venv $(VENV); fi
	@[ -x $(BIN)/pip ] || $(BIN)/python -m ensurepip --upgrade >/dev/null
	@echo "[setup 2/3] installing the locked dependencies (one to three minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@echo "[setup 3/3] installing the package"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

demo: $(STAMP)
	@$(BIN)/python -m workbook_lib.demo --out demo

test: $(STAMP)
	@echo "[test] all tests but the proofs, in $(WORKERS) processes"
	@$(BIN)/python -m pytest -m "not proof" -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

# Airflow's own environments lie in this checkout, unless WORKBOOK_CACHE, WORKBOOK_AIRFLOW_PYTHON (Airflow 2) or
# WORKBOOK_AIRFLOW3_PYTHON (Airflow 3) name other places.
proof: export WORKBOOK_CACHE ?= $(CURDIR)/.cache
proof: $(STAMP)
	@[ -n "$$WORKBOOK_AIRFLOW_PYTHON" ] || { echo "[proof] looking for an environment of Airflow 2.11.2 in $$WORKBOOK_CACHE"; \
	  $(BIN)/python -m workbook_lib.sources.airflow.engine.install --extras 2.11.2 >/dev/null; }
	@[ -n "$$WORKBOOK_AIRFLOW3_PYTHON" ] || { echo "[proof] looking for an environment of Airflow 3.3.2 in $$WORKBOOK_CACHE"; \
	  $(BIN)/python -m workbook_lib.sources.airflow.engine.install --extras 3.3.2 >/dev/null; }
	@echo "[proof] both engines for real, shard $(SHARD); what passed before with the same content is not run again"
	@$(BIN)/python -m pytest -m proof --proof-shard $(SHARD) $(PYTEST_ARGS)
	@[ "$(SHARD)" != 1/1 ] || $(BIN)/python tests/bundled/scoreboard.py

lab: $(STAMP)
	@$(BIN)/jupyter lab notebooks/

bench: $(STAMP)
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

corpus: $(STAMP)
	@$(BIN)/python tests/corpus/airflow/packages/compare.py $(CORPUS_ARGS)

widgets:
	@cd workbook_lib/widgets/frontend && npm ci --silent && npm run --silent check && npm run --silent build

# prefect is held at the version that was tried; fastapi is bounded in pyproject.toml.
lock:
	uv pip compile --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url --extra test \
	  --constraint <(echo prefect==3.8.8) pyproject.toml --output-file requirements.lock --quiet

clean:
	rm -rf demo .cache build dist
