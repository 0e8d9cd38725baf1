# The development loop. Each target is one line that you can also type.
.PHONY: help setup check fix test cases live browser docs asked new-check case bench onefile onefile-test onefile-unit packages packages-test kubernetes-test demo

help:  ## show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 14

setup:  ## install packages for the tests, and .venv
	sh scripts/test lint

check:  ## check lint, types and import contracts
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

fix:  ## apply ruff's fixes
	.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

test:  ## run the unit tests
	.venv/bin/pytest -q tests/unit

cases:  ## run every case: findings, plan, apply, undo
	.venv/bin/pytest -q tests/cases

bundles:  ## judge the bundle of every case, with findings and plans as on its host
	DOCTOR_EVERY_BUNDLE=1 .venv/bin/pytest -q tests/cases/test_bundles.py

live:  ## run the live tests on throw-away hosts with a real dockerd (root)
	.venv/bin/python -m tests.hosts.prepare && .venv/bin/pytest -q tests/live -m live

browser:  ## test the HTML report in headless Chromium
	.venv/bin/pytest -q tests/browser -m browser

docs:  ## build the page of every check from its docstring, into build/checks
	.venv/bin/python scripts/docs.py

asked:  ## write the table of the facts that checks ask for
	.venv/bin/python scripts/asked.py

new-check:  ## make new-check ID=dns/foo: check, fixer, two cases
	.venv/bin/python scripts/new_check.py $(ID)

case:  ## make case ID=state/tag-dangling/image-gone DIR=/tmp/x: write a case's host there
	.venv/bin/python scripts/make_case.py $(ID) $(DIR)

bench:  ## compare doctor with other tools (root)
	.venv/bin/python -m benchmarks.run

onefile:  ## build doctor-x86_64 and doctor-aarch64 into dist
	/usr/bin/python3.13 -m onefile

onefile-test:  ## test the built one file: by itself, with the unit tests, on throw-away hosts (root)
	sh scripts/onefile-test

onefile-unit:  ## run all unit tests and cases in the built one file; UNIT=tests/unit/cli runs some
	UNIT="$(UNIT)" sh scripts/onefile-test unit

packages:  ## build a .deb and an .rpm of each dist/doctor-* into dist
	.venv/bin/pip install -q -e '.[packages]' && .venv/bin/python -m packages

packages-test:  ## install, upgrade, remove and purge the packages in roots of their own (root)
	.venv/bin/python -m packages --out build/packages/test amd64 && .venv/bin/python -m packages --out build/packages/test --release 2 amd64
	PACKAGES_DIR=build/packages/test .venv/bin/pytest -q -s tests/packages -m live

kubernetes-test:  ## build and run the image as the manifest has it, and ask a real API server (root, the one file, etcd-server)
	.venv/bin/python -m tests.kubernetes.api_server && .venv/bin/pytest -q tests/kubernetes -m live

demo:  ## break a throw-away host and repair it (root)
	sh scripts/demo
