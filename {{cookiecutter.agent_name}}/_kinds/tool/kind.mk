# The verbs that only a tool has.

.PHONY: dev trace token image tools docs record deregister monitor

# Options can hold anything; they reach Python through the environment as they were typed, and no shell reads them.
override TRACE := $(if $(filter command%,$(origin TRACE)),$(value TRACE))
override NAME := $(if $(filter command%,$(origin NAME)),$(value NAME))
override TRUST := $(if $(filter command%,$(origin TRUST)),$(value TRUST))
export TRACE NAME TRUST
# TRUST=../my-agent: let in the users of an agent on this machine, whose secret signs their tokens.
TRUSTED = $${TRUST:+DEVELOPMENT_SECRETS="$$TRUST/.local"}

dev: $(READY) ## serve the tools on this machine, restarting on changes (PORT=8000 TRUST=../my-agent)
	@exec env $(TRUSTED) $(PY) -m ops dev

trace: $(READY) ## show the last request as a tree (LIST=1: list them; TRACE=… the one whose id begins so)
	@$(PY) -m ops trace $(if $(LIST),--list) -- "$$TRACE"

token: $(READY) ## print a development token, to call the local tools with (USER_ID=… TRUST=../my-agent)
	@env $(TRUSTED) $(PY) -m ops token --name="$$NAME"

check: tools

record: $(READY) ## after a change that is meant: record the contract of tests/dimensions anew
	@$(PY) -m ops record

tools: $(READY) ## check every tool's documentation, and that what was generated from it is current
	@$(PY) -m ops tools

docs: $(READY) ## after a change of a tool: generate docs/tools.md and the table in README.md
	@$(PY) -m ops tools --write

image: ## build the container image for arm64, as AgentCore Runtime runs it
	@docker buildx version >/dev/null 2>&1 || { echo "image: needs Docker with buildx" >&2; exit 1; }
	docker buildx build --platform linux/arm64 --load --tag $(notdir $(CURDIR)):local .

deregister: $(READY) ## take the tools off the gateway, unless agents use them: ENV=… (FORCE=1)
monitor: $(READY) ## do the live tools answer, within their limits: ENV=prod
deregister monitor:
	@$(PY) -m ops $@

include releases.mk evaluation.mk
