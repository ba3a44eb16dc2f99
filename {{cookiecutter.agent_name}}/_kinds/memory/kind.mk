# The verbs that only a memory has.

.PHONY: dev render persistence extraction isolation retrieval forget eval compare dataset
.PHONY: smoke gate promote rollback drift rehearse

# An actor's id can hold anything; it reaches Python through the environment, as it was typed.
override ACTOR := $(value ACTOR)
export ACTOR ENV

dev: $(READY) ## serve the memory on this machine, for boto3, the SDK and agents (PORT=8090)
	@exec $(PY) -m memory

render: $(READY) ## after a change of manifest.yaml: write infra/memory.yaml and docs/configuration.md
	@$(PY) -m ops render

persistence: $(READY) ## test: what was written is there after a restart, until it expires and not after (TARGET=local|dev|preprod|prod)
extraction: $(READY) ## test: what should be remembered is, what must not be is not (TARGET=…)
isolation: $(READY) ## test: actors, sessions and consumers reach their own only (TARGET=…)
retrieval: $(READY) ## test: what one session learned, a later one finds, and nobody else (TARGET=…)
persistence extraction isolation retrieval:
	@TARGET='$(or $(TARGET),local)' $(PY) -m pytest --quiet $(if $(filter-out local,$(TARGET)),--force-enable-socket) -m $@ tests/memory

forget: $(READY) ## delete everything of a person and prove it: ACTOR=… (ENV=dev|preprod|prod; without: the running local memory)
	@$(PY) -m ops forget

eval: $(READY) ## hold the conversations of evals/dataset.jsonl, and gate on what was kept (TARGET=local|dev|preprod SELECT=… RUN=…)
	@$(PY) -m ops eval $(if $(TARGET),--target '$(TARGET)') $(if $(SELECT),--select '$(SELECT)') $(if $(RUN),--run '$(RUN)') \
		$(if $(RESULTS),--results '$(RESULTS)')

compare: $(READY) ## what got better and worse: make compare BASE=<run> HEAD=<run>
	@$(PY) -m ops compare '$(BASE)' '$(or $(HEAD),last)' $(if $(RESULTS),--results '$(RESULTS)') $(if $(WRITE),--write '$(WRITE)')

dataset: $(READY) ## check the conversations
	@$(PY) -m ops dataset

# How a configuration ships. All but rehearse need AWS credentials and ENV=…

smoke: $(READY) ## write an event, read it, forget it: ENV=…
gate: $(READY) ## evaluate the deployed memory with evals/dataset.jsonl: ENV=preprod (SELECT=…)
promote: $(READY) ## test what is deployed, and remember its commit as good: ENV=…
rollback: $(READY) ## the configuration of the last good commit; what was learned stays: ENV=… (VERSION=commit or tag ALLOW_LOSS=1)
drift: $(READY) ## any difference between this repository and the account: ENV=…
smoke gate promote rollback drift:
	@$(PY) -m ops $@

rehearse: $(READY) ## the deliver workflow on this machine: a stand-in for AWS, failures included
	@$(PY) -m tests.rehearsal

# A part of `make check`: what follows from the manifest must be as it says.
check: rendered
.PHONY: rendered
rendered: $(READY)
	@printf "check: "; $(PY) -m ops render --check
