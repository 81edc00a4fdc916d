# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON := .venv/bin/python
STAMP := .venv/.requirements-installed
PEERS := .venv-peers
LAB_INVENTORY := .cache/lab/inventory.yml

.DEFAULT_GOAL := help
.PHONY: help setup test bench lint format unit fidelity interop matrix molecule sanity docs demo lab clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP) ## Make .venv with everything that a checkout needs

$(STAMP): requirements.txt requirements-dev.txt scripts/setup.sh
	@scripts/setup.sh .venv
	@touch $@

test: setup ## Run every gate and every test; the first failure ends it
	@scripts/peers.sh $(PEERS)
	@$(PYTHON) scripts/gates.py all

lint: setup ## Run the static gates only
	@$(PYTHON) scripts/gates.py lint

format: setup ## Bring the Python files into the form that the gates ask for
	@$(PYTHON) -m ruff format .
	@$(PYTHON) -m ruff check --fix .

unit: setup ## Run the unit tests only
	@$(PYTHON) -m pytest tests/unit

fidelity: setup ## Run the tests with recorded Windows traffic only (RDP_CAPTURES names its folder)
	@$(PYTHON) -m pytest tests/fidelity

interop: setup ## Run the tests with the servers, clients and scanners of others only
	@scripts/peers.sh $(PEERS)
	@$(PYTHON) -m pytest tests/interop

bench: setup ## Print what the wire probe costs next to nmap and sslyze, and what a diagnosis costs
	@scripts/peers.sh $(PEERS)
	@$(PYTHON) -m tests.bench.wire
	@$(PYTHON) -m tests.bench.cost

matrix: setup ## Run what depends on Ansible's connection plugins with each ansible-core that is supported
	@$(PYTHON) -m scripts.matrix

molecule: setup ## Run Molecule's scenarios, one a role
	@$(PYTHON) -m pytest tests/molecule

sanity: setup ## Run ansible-test sanity on the collection
	@$(PYTHON) scripts/sanity.py

docs: setup ## Write docs/causes anew from the data behind the causes
	@PYTHONPATH=.collections:. $(PYTHON) -m scripts.causes

demo: setup ## Break, diagnose, fix and prove on simulated hosts
	@$(PYTHON) scripts/demo.py

lab: setup ## Keep the simulated hosts of the demo running until Ctrl-C
	@mkdir -p $(dir $(LAB_INVENTORY))
	@$(PYTHON) -m tests.lab --scenarios tests/lab/scenarios/demo --inventory $(LAB_INVENTORY)

clean: ## Remove .venv and everything that the tools left
	rm -rf .venv $(PEERS) .cache .ansible .hypothesis tests/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
