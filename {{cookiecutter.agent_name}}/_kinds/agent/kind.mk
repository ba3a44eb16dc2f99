# The verbs that only an agent has.

.PHONY: dev ask trace token image

# A question can hold anything, such as an apostrophe or a $. It reaches Python through the environment, as it was typed:
# neither make nor the shell reads it as their own language.
override Q := $(value Q)
override SESSION := $(if $(filter command%,$(origin SESSION)),$(value SESSION))
export Q SESSION

dev: $(READY) ## serve the agent on this machine, restarting on changes (PORT=8080)
	@$(PY) -m ops dev

ask: $(READY) ## ask one question: make ask Q="…"; a chat without Q (SESSION=… continues one)
	@$(PY) -m ops ask $${SESSION:+--session "$$SESSION"} -- "$$Q"

trace: $(READY) ## show the last request as a tree (LIST=1: list the requests)
	@$(PY) -m ops trace $(if $(LIST),--list)

token: $(READY) ## print a development token, to call the local agent with
	@$(PY) -m ops token

image: ## build the container image for arm64, as AgentCore Runtime runs it
	@docker buildx version >/dev/null 2>&1 || { echo "image: needs Docker with buildx" >&2; exit 1; }
	docker buildx build --platform linux/arm64 --load --tag $(notdir $(CURDIR)):local .

include evals.mk
