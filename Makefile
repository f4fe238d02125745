# Everything happens in scripts/dev.py, which also works where there is no make.
# ARGS go to the command: make demo ARGS="--no-browser", make test ARGS="--only pytest", make clean ARGS=--all

PYTHON = python3
DEV = $(PYTHON) scripts/dev.py

.PHONY: help demo test lint build setup clean

help:
	@$(DEV) --help

demo test lint build setup clean:
	@$(DEV) $@ $(ARGS)
