# `make results`: everything from a fresh machine with Python >= 3.11. `make test`: set-up, then the tests.
PYTHON ?= python3
CORES ?= 8
BIN := .venv/bin
STAMP := .venv/.complete

.PHONY: results test env lint fuzz mutate docs bench watch clean

results: env
	$(BIN)/snakemake --cores $(CORES)

test: env
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

env: $(STAMP)

# Hash-checked packages; the project itself, editable, from this folder alone; byte code compiled once, or every job would compile what it imports.
$(STAMP): requirements.lock
	$(PYTHON) -c 'import sys; sys.exit("coatbench needs Python >= 3.11; set PYTHON=python3.x" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --no-index -e .
	$(BIN)/python -m compileall -q workflow/coatbench workflow/scripts
	touch $@

# Fits, windows and thresholds changed by eye, on a page that only this machine can open.
STUDY ?= data/demo
RESULTS ?= results
bench: env
	$(BIN)/marimo --quiet run apps/bench.py --host 127.0.0.1 --port $${PORT:-2718} -- --study $(STUDY) --results $(RESULTS)

# Runs again whenever exports or tables of the study change, until interrupted.
watch: env
	$(BIN)/coatbench watch $(STUDY) --results $(RESULTS) --cores $(CORES)

lint: env
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(BIN)/mypy
	$(BIN)/snakemake --lint

fuzz: env
	COATBENCH_FUZZ_CASES=$${COATBENCH_FUZZ_CASES:-20000} $(BIN)/python -m pytest -n 2 tests/fuzz

# Small bugs planted in copies of the project, held against the tests of their room (docs/tests.md). Takes some hours.
mutate: env
	$(BIN)/python -m pip install --disable-pip-version-check --quiet cosmic-ray==8.7.0 coverage==7.17.4
	$(BIN)/python benchmarks/mutate.py --bugs $${BUGS:-200} --write docs/tests.md

# What is made of the code itself: config.yaml and the settings' page, the columns of all tables, and the graph of the rules.
docs: env
	$(BIN)/python docs/make_settings.py
	$(BIN)/python docs/make_tables.py
	$(BIN)/python docs/make_rulegraph.py

clean:
	rm -rf results .snakemake
