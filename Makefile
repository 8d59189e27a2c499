# gastlive: `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LINK := build/types/gastlive
# A process a core, a file of tests each; nets with threads of their own would only be in the way.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile
PACKAGES := gast action realtime datasets experiments conf

.DEFAULT_GOAL := help
.PHONY: help setup live test test-slow page-test fuzz soak lint types wheel clean

help:  ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY) $(LINK)  ## Make a virtual environment with everything in it (once).

$(READY): pyproject.toml constraints.txt setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "gastlive needs Python 3.11 or newer; run: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@$(BIN)/python -c 'import cv2' 2>/dev/null || { \
		echo "OpenCV can't load here (no libGL): taking the headless build"; \
		$(BIN)/python -m pip uninstall --quiet -y opencv-python; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt opencv-python-headless; }
	@touch $(READY)

$(LINK):  # where type checkers and editors find the package: this folder under its name
	@mkdir -p $(@D) && ln -sfn "$(CURDIR)" $@

live: $(READY)  ## Run the live program on the embedded demo clip; args="source=webcam" for yours.
	$(BIN)/gastlive $(args)

test: $(READY)  ## Run the test suite; args="-k tracker" for a part of it.
	$(PYTEST) $(args)

test-slow: $(READY)  ## Run the longer checks too.
	$(PYTEST) -m 'slow or not slow' $(args)

page-test: $(READY)  ## Run the page in Chromium (apt-get install chromium); without one it is skipped.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[browser,render]'
	$(BIN)/python -m pytest -m slow tests/test_page_browser.py tests/test_page_teach.py $(args) || [ $$? -eq 5 ]

fuzz: $(READY)  ## Damage files for every reader, a million; args="--inputs 1000 --seed 1" for fewer.
	$(BIN)/python -m gastlive.tests.fuzzing $(args)

soak: $(READY)  ## Run two hours of faults (apt-get install mosquitto); args="--minutes 5 --every 20".
	$(BIN)/python -m gastlive.tests.soak $(args)

lint: $(READY)  ## Check style and formatting.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) $(LINK)  ## Check types.
	MYPYPATH=build/types $(BIN)/mypy -m gastlive $(foreach package,$(PACKAGES),-p gastlive.$(package))

wheel: $(READY)  ## Build the wheel, install it into an empty environment and run it from elsewhere.
	bash tests/wheel_smoke.sh $(BIN)/python

clean:  ## Remove the virtual environment and everything built.
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
