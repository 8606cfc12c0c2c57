# make demo: build the sample dataset end to end. make test: run the tests. Nothing else is needed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PIP := .venv/bin/python -m pip --quiet --disable-pip-version-check

.PHONY: demo test lint clean

demo: .venv/base
	.venv/bin/srllm build --config data/sample/srllm.yaml --workspace demo

test: .venv/dev
	.venv/bin/python -m pytest

lint: .venv/dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

clean:
	rm -rf .venv demo

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/base: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing srllm and what it needs into .venv (a few minutes the first time) ..."
	$(PIP) install --constraint constraints.txt --editable .
	@touch $@

.venv/dev: .venv/base
	$(PIP) install --constraint constraints.txt --editable '.[dev,ray]'
	@touch $@
