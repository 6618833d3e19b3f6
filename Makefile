# Everything a person, a hook or CI calls. Each target does all of its own set-up; a second call is quick.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench e2e fuzz soak picture screenshots words clean

BIN := .venv/bin
WORKERS ?= 3

help: ## show this list
	@sed -n 's/^\([a-z0-9]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name what; \
	do printf '  make %-8s %s\n' "$$name" "$$what"; done

setup: ## virtual environment and packages, nothing else
	@tools/setup.sh

demo: ## the main job on a real Redis in a sandbox, under a minute
	@tools/setup.sh demo
	@$(BIN)/autofix demo $(ARGS)

test: ## lint, then every test but the long forms
	@tools/setup.sh test
	@$(MAKE) --no-print-directory lint
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not long and not soak" $(ARGS)

lint: ## ruff, mypy and the import contracts
	@tools/setup.sh
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: ## measure, and print one table
	@tools/setup.sh test
	@$(BIN)/python -m bench $(ARGS)

e2e: ## every test, the long forms too
	@tools/setup.sh test
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not soak" $(ARGS)

fuzz: ## the API and the webhooks, asked ten thousand times and more (EXAMPLES=200 for each route)
	@tools/setup.sh test
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),200) $(BIN)/pytest -n $(WORKERS) $(ARGS) \
	  tests/safety/test_api_fuzz.py tests/safety/test_hooks_fuzz.py

soak: ## kills by the hundred, under load (KILLS=1000 ALERTS=100000 SECONDS=3600)
	@tools/setup.sh test
	@$(BIN)/pytest -n 0 -s -m soak $(ARGS)

picture: ## docs/demo.svg anew, from a real run of the demo
	@tools/setup.sh demo
	@$(BIN)/python tools/picture.py

screenshots: ## docs/screenshots anew, from the real console in a real browser
	@tools/setup.sh test
	@$(BIN)/python tools/screenshots.py

words: ## the catalogues anew from what the code says; lists what has no translation
	@tools/setup.sh
	@$(BIN)/python tools/words.py

clean: ## remove the virtual environment, caches and built files
	@rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
