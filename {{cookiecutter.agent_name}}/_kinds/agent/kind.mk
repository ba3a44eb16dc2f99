# The verbs that only an agent has.

.PHONY: dev ask trace token image canary online monitor

# A question can hold anything, such as an apostrophe or a $. It reaches Python through the environment, as it was typed:
# neither make nor the shell reads it as their own language.
override Q := $(value Q)
# These are common names in a shell's own environment, so only those typed after `make` count.
override SESSION := $(if $(filter command%,$(origin SESSION)),$(value SESSION))
override TRACE := $(if $(filter command%,$(origin TRACE)),$(value TRACE))
override NAME := $(if $(filter command%,$(origin NAME)),$(value NAME))
export Q SESSION TRACE NAME

dev: $(READY) ## serve the agent on this machine, restarting on changes (PORT=8080)
	@exec $(PY) -m ops dev

ask: $(READY) ## ask one question: make ask Q="…"; a chat without Q (SESSION=… continues one)
	@exec $(PY) -m ops ask $${SESSION:+--session "$$SESSION"} -- "$$Q"

trace: $(READY) ## show the last request as a tree (LIST=1: list them; TRACE=… the one whose id begins so)
	@$(PY) -m ops trace $(if $(LIST),--list) -- "$$TRACE"

token: $(READY) ## print a development token, to call the local agent with (USER_ID=… NAME=given name)
	@$(PY) -m ops token --name="$$NAME"

image: ## build the container image for arm64, as AgentCore Runtime runs it
	@docker buildx version >/dev/null 2>&1 || { echo "image: needs Docker with buildx" >&2; exit 1; }
	docker buildx build --platform linux/arm64 --load --tag $(notdir $(CURDIR)):local .

canary: $(READY) ## a share of the sessions on the newest version: ENV=prod WEIGHT=10, then DECIDE=1
online: $(READY) ## sampled evaluation of live sessions: ENV=prod (OFF=1)
monitor: $(READY) ## compare what online evaluation measured with the baseline: ENV=prod
canary online monitor:
	@$(PY) -m ops $@

include releases.mk evaluation.mk evals.mk
