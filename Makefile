# The one loop of a developer. Each target is a line that also works typed by hand.
.PHONY: help setup check fix test cases live browser docs new-check case bench demo

help:  ## show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 14

setup:  ## install what tests need, and .venv
	sh scripts/test lint

check:  ## lint, types and import contracts: seconds
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

fix:  ## let ruff mend what it can
	.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

test:  ## unit tests
	.venv/bin/pytest -q tests/unit

cases:  ## every case: findings, plan, apply, undo
	.venv/bin/pytest -q tests/cases

live:  ## throw-away hosts with a real dockerd (root)
	.venv/bin/python -m tests.hosts.prepare && .venv/bin/pytest -q tests/live -m live

browser:  ## the HTML report in headless Chromium
	.venv/bin/pytest -q tests/browser -m browser

docs:  ## build the page of every check from its docstring, into build/checks
	.venv/bin/python scripts/docs.py

new-check:  ## make new-check ID=network/foo: check, fixer, two cases
	.venv/bin/python scripts/new_check.py $(ID)

case:  ## make case ID=state/tag-dangling/image-gone DIR=/tmp/x: write a case's host there
	.venv/bin/python scripts/make_case.py $(ID) $(DIR)

bench:  ## doctor beside what people use today (root)
	.venv/bin/python -m benchmarks.run

demo:  ## break a throw-away host and repair it (root)
	sh scripts/demo
