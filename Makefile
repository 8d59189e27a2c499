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
.PHONY: help setup live test test-slow gpu-test page-test docs docs-test fuzz soak lint types wheel bench release-check image clean

help:  ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

setup: $(READY) $(LINK)  ## Make a virtual environment with everything in it (once).

$(READY): pyproject.toml constraints.txt setup.py __init__.py
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
	$(PYTEST) -m 'not gpu and not docs' $(args)

gpu-test: $(READY)  ## Run what needs a CUDA device; without one it says so. GASTLIVE_GPU_TEST=cpu runs it there.
	$(BIN)/python -m pytest -m gpu -v tests/test_gpu.py $(args)

page-test: $(READY)  ## Run the page in Chromium (apt-get install chromium); without one it is skipped.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[browser,render]'
	$(BIN)/python -m pytest -m slow tests/test_page_browser.py tests/test_page_teach.py $(args) || [ $$? -eq 5 ]

docs: $(READY)  ## Build the documentation into build/site; broken links fail.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	$(BIN)/python docs/architecture.py
	$(BIN)/python docs/building.py

docs-test: $(READY)  ## Run the commands of README and docs, minutes; args="-k teach" for a page.
	$(BIN)/python -m pytest -m docs tests/test_docs.py $(args)

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

bench: $(READY)  ## Measure the live program here, and whether anything is slower than the stored baseline.
	$(BIN)/gastlive-benchmark
	$(BIN)/gastlive-benchmark mode=regress $(args)

release-check: $(READY)  ## Build, list, install into an empty environment and run: what must hold before a tag.
	bash release/check.sh $(BIN)/python

image:  ## Build the Docker image where Docker runs; torch_index=ADDRESS, see Dockerfile. Elsewhere it says so.
	@docker version --format '{{.Server.Version}}' >/dev/null 2>&1 || { \
		echo "not built: no Docker runs here; its rules: $(PYTHON) release/dockerfile.py"; \
		exec $(PYTHON) release/dockerfile.py; }; \
	if docker version --format . >/dev/null 2>&1; then \
		docker build --build-arg TORCH_CPU_INDEX="$(or $(torch_index),$(PIP_EXTRA_INDEX_URL))" -t gastlive .; fi

clean:  ## Remove the virtual environment and everything built.
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
