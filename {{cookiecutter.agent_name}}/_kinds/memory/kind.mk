# The verbs that only a memory has.

.PHONY: dev render persistence extraction isolation retrieval forget eval compare dataset

# An actor's id can hold anything; it reaches Python through the environment, as it was typed.
override ACTOR := $(value ACTOR)
export ACTOR ENV

dev: $(READY) ## serve the memory on this machine, for boto3, the SDK and agents (PORT=8090)
	@exec $(PY) -m memory

render: $(READY) ## after a change of manifest.yaml: write infra/memory.yaml and docs/configuration.md
	@$(PY) -m ops render

persistence extraction isolation retrieval: $(READY) ## one of the four tests before promotion (TARGET=local|dev|preprod|prod)
	@TARGET='$(or $(TARGET),local)' $(PY) -m pytest --quiet -m $@ tests/memory

forget: $(READY) ## delete everything of a person and prove it: ACTOR=… (ENV=dev|preprod|prod; without: the running local memory)
	@$(PY) -m ops forget

eval: $(READY) ## hold the conversations of evals/dataset.jsonl, and gate on what was kept (TARGET=local|dev|preprod SELECT=… RUN=…)
	@$(PY) -m ops eval $(if $(TARGET),--target '$(TARGET)') $(if $(SELECT),--select '$(SELECT)') $(if $(RUN),--run '$(RUN)') \
		$(if $(RESULTS),--results '$(RESULTS)')

compare: $(READY) ## what got better and worse: make compare BASE=<run> HEAD=<run>
	@$(PY) -m ops compare '$(BASE)' '$(or $(HEAD),last)' $(if $(RESULTS),--results '$(RESULTS)') $(if $(WRITE),--write '$(WRITE)')

dataset: $(READY) ## check the conversations
	@$(PY) -m ops dataset
