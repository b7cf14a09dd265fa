# make demo: the main job on a simulated valley.   make test: the tests.   Both set .venv up first.
PY := .venv/bin/python
export OMP_NUM_THREADS ?= 2

.PHONY: help setup demo test test-openmmlab lint format bench mars zoo clean

help: ## say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

setup: ## make .venv from requirements.lock (does nothing twice)
	@tools/dev/setup.sh

demo: setup ## train on a simulated valley, map another one, write its inventory and a picture
	$(PY) demo/run_demo.py --out demo/output

test: setup ## the tests, two at a time
	OMP_NUM_THREADS=1 $(PY) -m pytest -q -n 2 --dist loadgroup

test-openmmlab: ## ops, models and training beside the original OpenMMLab distributions, in their own environment
	tools/dev/check_openmmlab.sh

lint: setup ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: setup ## let ruff format
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: setup ## throughput of training and mapping beside bare loops
	$(PY) benchmarks/throughput.py

mars: setup ## the table of README on real tiles (needs FUSIONLS_REAL_DATA; about an hour and a half)
	PY=$(PY) benchmarks/mars/run_table.sh

zoo: setup ## every model learns four real Mars tiles by heart, and what each costs (needs FUSIONLS_REAL_DATA; hours; goes on where it was)
	-OMP_NUM_THREADS=1 $(PY) tools/model_zoo.py
	OMP_NUM_THREADS=1 $(PY) benchmarks/zoo/overfit.py

clean: ## remove what runs wrote (not .venv)
	rm -rf demo/output work_dirs .pytest_cache .mypy_cache .ruff_cache
