# Everything you do with this template. Needed beforehand: Python 3.11 or newer, make, git; for the tests Node.js 20 too.
.DEFAULT_GOAL := help
.PHONY: help setup demo workspace test fast kit fuzz odd generated check bench wheel lock fileset clean

# The first Python that is new enough. Your own choice: make setup PYTHON=/path/to/python3
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11 python,$(call new_enough,$(name))))
new_enough = $(shell $(1) -c 'import sys; sys.version_info >= (3, 11) and print("$(1)")' 2>/dev/null)
BIN := .venv/bin
READY := .venv/ready

# The tests start Python hundreds of times. Containers often forbid it to keep what it compiled, which doubles that.
export PYTHONDONTWRITEBYTECODE :=

# $(call step,what it is,command): say what runs, and how long it took.
define step
@printf '\n==> %s\n' "$(1)"; start=$$(date +%s); $(2); status=$$?; \
printf '<== %s: %s after %s s\n' "$(1)" "$$(test $$status = 0 && echo done || echo FAILED)" "$$(($$(date +%s) - start))"; \
exit $$status
endef

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Install the tools into .venv, when requirements.txt or the kit's pyproject.toml changed

$(READY): requirements.txt kit/pyproject.toml
	@test -n "$(call new_enough,$(PYTHON))" || { echo "Python 3.11 or newer is needed; found: $(or $(PYTHON),none)." \
	    "Install one, then: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	$(call step,Install the tools into .venv,( \
	    $(PYTHON) -m venv --clear .venv && \
	    PYTHONPATH=kit/src $(BIN)/python -m agentcore_kit.checks.installer requirements.txt && \
	    $(BIN)/uv pip install --quiet --offline --no-deps --no-build-isolation --python $(BIN)/python --editable kit && \
	    touch $(READY) ))

demo: setup ## Generate an agent, set it up, ask it seven questions, evaluate it
	$(call step,Demo,$(BIN)/python demo/run.py)

workspace: setup ## Generate platform, memory, tool and agent side by side, and ask through all of them
	$(call step,Workspace,$(BIN)/python -m workspace.run)

test: fast kit odd generated ## Run all tests

fast: setup ## Test the template itself (minutes)
	$(call step,Fast tests,$(BIN)/python -m pytest -q -m "not odd and not generated" --numprocesses=2 --dist=worksteal)

# One run for each kind of repository, and one with another domain in the place of the agent's starter.
KIT_TEST := cd kit && ../$(BIN)/python -m pytest -q --numprocesses=2 --dist=worksteal
kit: setup ## Test the kit, in repositories of each kind, and in an agent of another domain
	$(call step,The kit with an agent,$(KIT_TEST) --kind agent)
	$(call step,The kit with an agent of another domain,$(KIT_TEST) --kind agent --starter hr)
	$(call step,The kit with a tool,$(KIT_TEST) --kind tool)
	$(call step,The kit with a memory,$(KIT_TEST) --kind memory)
	$(call step,The kit with a platform,$(KIT_TEST) --kind platform)

# 20,000 requests to each server; the tests of the kit send some hundred. FUZZ_SEED chooses others.
export FUZZ_SEED ?= 1
FUZZ := cd kit && FUZZ_REQUESTS=$${FUZZ_REQUESTS:-20000} FUZZ_REPORT=$${FUZZ_REPORT:-.fuzz} ../$(BIN)/python -m pytest -q -s tests/fuzz
fuzz: setup ## Send odd requests to the servers of agent, tool and memory (an hour); figures go to kit/.fuzz
	$(call step,Fuzz the agent,$(FUZZ) --kind agent)
	$(call step,Fuzz the tool,$(FUZZ) --kind tool)
	$(call step,Fuzz the memory,$(FUZZ) --kind memory)

odd: setup ## Test it with 500 odd answers (half a minute)
	$(call step,500 odd answers,$(BIN)/python -m pytest -q -m odd)

generated: setup ## Test that what it generates passes its own checks and tests (minutes)
	$(call step,A generated repository,$(BIN)/python -m pytest -q -m generated --numprocesses=auto --dist=loadfile --durations=20 --capture=no)

check: setup ## Lint, format and type-check the kit, hooks, tests, starters, demo and workflows
	$(call step,Lint,$(BIN)/ruff check .)
	$(call step,Format,$(BIN)/ruff format --check .)
	$(call step,Types,$(BIN)/mypy)
	$(call step,Types of the kit,(cd kit && ../$(BIN)/mypy))
	$(call step,Workflows,$(BIN)/zizmor --offline --quiet . "{{cookiecutter.agent_name}}")

bench: setup ## Measure generation, start, answers and concurrency
	$(call step,Benchmarks,$(BIN)/python benchmarks/run.py)
	$(call step,Benchmarks of a tool,$(BIN)/python benchmarks/tools.py)
	$(call step,Benchmarks of the local gateway,$(BIN)/python benchmarks/gateway.py)
	$(call step,Benchmarks of the page,$(BIN)/python benchmarks/page.py)

wheel: setup ## After a change of the kit or of a starter: build its wheel for generated repositories, and pin it there
	$(call step,Build and pin the kit,$(BIN)/python kit/build_wheel.py)

COMPILE := $(BIN)/python -m agentcore_kit.checks.installer uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate
lock: setup ## Compile requirements.txt from pyproject.toml and the kit's; then: make wheel
	$(call step,Compile requirements.txt,$(COMPILE) pyproject.toml kit/pyproject.toml --all-extras -o requirements.txt)
	$(call step,Compile the isolated tools,$(COMPILE) kit/src/agentcore_kit/checks/requirements-tools.in -o kit/src/agentcore_kit/checks/requirements-tools.txt)

fileset: setup ## Record the files of each kind in tests/filesets, and write its AGENTS.md
	$(call step,Record the file sets,$(BIN)/python -m pytest -q tests/test_files.py --record-filesets)

clean: ## Remove what make created
	rm -rf .venv .demo .workspace kit/.fuzz .hypothesis .mypy_cache .pytest_cache .ruff_cache
