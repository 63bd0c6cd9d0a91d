# Everything sets itself up: a virtual environment in .venv with the locked versions, nothing outside it.
.DEFAULT_GOAL := help
HOST ?= 127.0.0.1
PORT ?= 8000
VENV := .venv
PY := $(VENV)/bin/python
# The first Python that runs and is 3.11 or newer; PYTHON=/path/to/python overrides.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# The build back end warns at length about every editable installation.
PIP_INSTALL := PYTHONWARNINGS=ignore $(PY) -m pip install --quiet --disable-pip-version-check

.PHONY: help install install-dev serve test check audit format fuzz soak reliability compare-servers bench models \
	seeds lessons docs docs-quick readme lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

$(PY):
	@test -n "$(PYTHON)" || { echo "digitnet needs Python 3.11 or newer; none was found. Install it or say make PYTHON=/path/to/python."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(PY)
	$(PIP_INSTALL) --require-hashes -r requirements/run.txt
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	$(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

install: $(VENV)/.run ## set up .venv with all that serving and training need

install-dev: $(VENV)/.dev ## the same, and what checks and tests need

serve: $(VENV)/.run ## serve on http://127.0.0.1:8000 (HOST=, PORT=, ARGS= for other options)
	$(PY) -m service --host $(HOST) --port $(PORT) $(ARGS)

# A file's tests stay together, for what they share; one thread a process, since all cores are taken.
test: $(VENV)/.dev ## run every test, on as many cores as there are up to four (PYTEST_ARGS= adds options)
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 \
		$(PY) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(PYTEST_ARGS)

check: $(VENV)/.dev ## lint, types and known holes in what is locked
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) scripts/audit.py

audit: $(VENV)/.dev ## ask whether a hole is known in any package that is locked
	$(PY) scripts/audit.py

SECONDS ?= 60
fuzz: $(VENV)/.dev ## fuzz the decoders and the readers of requests, a minute each (SECONDS=)
	OPENBLAS_NUM_THREADS=1 $(PY) tests/fuzz/fuzz.py decode -max_total_time=$(SECONDS)
	OPENBLAS_NUM_THREADS=1 $(PY) tests/fuzz/fuzz.py request -max_total_time=$(SECONDS)

MINUTES ?= 10
soak: $(VENV)/.dev ## ten minutes of mixed load, after which memory and open files must be as before (MINUTES=)
	$(PY) scripts/reliability.py --case steady --minutes $(MINUTES)

reliability: $(VENV)/.dev ## put the service through all that RELIABILITY.md promises and write down what was found
	$(PY) scripts/reliability.py --write

compare-servers: $(VENV)/.dev ## measure the service behind several servers and write the table of RELIABILITY.md
	$(PY) scripts/compare_servers.py --write

# PyTorch's own index has the build without CUDA; elsewhere the same version may be two gigabytes. Empty leaves
# it out, as does a failure: the tables then say that it is missing.
TORCH ?= torch==2.13.0
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

$(VENV)/.bench: requirements/bench.txt $(VENV)/.run
	$(PIP_INSTALL) --require-hashes -r requirements/bench.txt
	@touch $@

bench: $(VENV)/.bench ## measure digitnet beside PyTorch, scikit-learn and ONNX Runtime and write BENCHMARKS.md (TORCH=, MNIST_DIR=, ARGS=)
	@test -z '$(TORCH)' || $(PY) -c 'import torch' 2>/dev/null \
		|| $(PIP_INSTALL) --retries 0 --timeout 10 --index-url $(TORCH_INDEX) '$(TORCH)' 2>/dev/null \
		|| $(PIP_INSTALL) '$(TORCH)' || echo "$(TORCH) cannot be installed here and is left out."
	$(PY) scripts/benchmark.py $(if $(MNIST_DIR),--mnist $(MNIST_DIR)) $(or $(ARGS),--write)

format: $(VENV)/.dev ## put the code into the project's format
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

models: $(VENV)/.run ## train the two shipped models again, in half an hour, and measure them (MNIST_DIR= names a folder with MNIST)
	$(PY) scripts/train.py --dataset digits --output models/digits.safetensors
	$(PY) scripts/evaluate.py models/digits.safetensors --card
	@mkdir -p runs
	$(PY) scripts/train.py --dataset mnist $(if $(MNIST_DIR),--data-dir $(MNIST_DIR)) --recipe handwriting \
		--checkpoint runs/mnist.checkpoint --output models/mnist.safetensors
	$(PY) scripts/evaluate.py models/mnist.safetensors $(if $(MNIST_DIR),--data-dir $(MNIST_DIR)) --card \
		$(foreach file,$(wildcard runs/mnist-seed-*.safetensors),--sibling $(file))

seeds: $(VENV)/.run ## train mnist with two more seeds into runs/, for the spread of its error on the card
	@mkdir -p runs
	for seed in 1 2; do \
		$(PY) scripts/train.py --dataset mnist $(if $(MNIST_DIR),--data-dir $(MNIST_DIR)) --recipe handwriting \
			--seed $$seed --checkpoint runs/mnist-seed-$$seed.checkpoint \
			--output runs/mnist-seed-$$seed.safetensors || exit 1; \
	done

lessons: docs/_generated/lessons/index.html ## run the six lessons and write them as one page to read in the browser
	@echo "Open $<"

NETWORK := $(wildcard digitnet/nn/*.py digitnet/nn/*/*.py digitnet/training.py digitnet/data/batches.py)

docs/_generated/lessons/index.html: $(wildcard scripts/walkthrough/*.py scripts/walkthrough/*/*) $(NETWORK) | $(VENV)/.dev
	$(PY) scripts/walkthrough/all.py --out docs/_generated/lessons

docs/_generated/ingredients/.done: $(wildcard scripts/ingredients*) $(NETWORK) | $(VENV)/.dev
	$(PY) scripts/ingredients.py --out docs/_generated/ingredients
	@touch $@

docs: docs/_generated/lessons/index.html docs/_generated/ingredients/.done docs-quick ## build the documentation with lessons and pictures into build/docs

docs-quick: $(VENV)/.dev ## build the documentation with what is there of lessons and pictures
	$(PY) -m sphinx -W --keep-going --quiet -b html docs build/docs

readme: $(VENV)/.dev ## run the README's examples, write down their answers and draw its pictures
	$(PY) scripts/readme_pictures.py
	$(PY) scripts/readme.py

LOCK := $(PY) -m piptools compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-options --no-header $(UPGRADE)

lock: | $(PY) ## renew the lock files from pyproject.toml
	$(PIP_INSTALL) 'pip-tools>=7.5,<8'
	$(LOCK) --all-build-deps --extra service --extra train --extra plots --extra lessons --extra onnx -o requirements/run.txt pyproject.toml
	$(LOCK) --extra service --extra train --extra plots --extra lessons --extra onnx --extra docs --extra bench --extra dev -c requirements/run.txt -o requirements/dev.txt pyproject.toml
	$(LOCK) --extra service --extra train --extra plots --extra lessons --extra onnx --extra bench -c requirements/dev.txt -o requirements/bench.txt pyproject.toml

clean: ## remove the virtual environment and everything generated
	rm -rf $(VENV) *.egg-info build dist docs/_generated .pytest_cache .mypy_cache .ruff_cache .hypothesis
