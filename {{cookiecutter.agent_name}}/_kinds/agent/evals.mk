# The verbs of evaluation. What they measure, and all options: docs/evaluation.md

.PHONY: eval redteam compare dataset row cloud-dataset cloud-evaluate cloud-batch

RUN_OPTIONS = $(if $(TARGET),--target '$(TARGET)') $(if $(SELECT),--select '$(SELECT)') $(if $(WORKERS),--workers $(WORKERS)) \
	$(if $(TIMEOUT),--timeout $(TIMEOUT)) $(if $(RESUME),--resume '$(RESUME)') $(if $(RUN),--run '$(RUN)') \
	$(if $(DATE),--date $(DATE)) $(if $(RESULTS),--results '$(RESULTS)')
EVAL_ENV = $(if $(ENV),AGENT_ENV=$(ENV))

eval: $(READY) ## measure the agent on its ground truth (TARGET=local|URL|ARN SELECT=… RESUME=last)
	@$(EVAL_ENV) $(PY) -m ops eval $(RUN_OPTIONS) $(if $(DATASET),--dataset '$(DATASET)')

redteam: $(READY) ## the same with the attacks of evals/redteam.jsonl
	@$(EVAL_ENV) $(PY) -m ops eval $(RUN_OPTIONS) --dataset evals/redteam.jsonl --thresholds evals/redteam.yaml

compare: $(READY) ## what got better and worse: make compare BASE=<run> HEAD=<run>
	@$(PY) -m ops compare '$(BASE)' '$(or $(HEAD),last)' $(if $(RESULTS),--results '$(RESULTS)') $(if $(WRITE),--write '$(WRITE)')

dataset: $(READY) ## check the ground truth (BUILD=1: compute it anew from evals/cases.py)
	@$(PY) -m ops dataset $(if $(BUILD),--build) $(DATASET)

row: $(READY) ## a recorded conversation as a row to review (TRACE=… or FILE=spans.json, APPEND=file)
	@$(PY) -m ops row $(if $(TRACE),--trace '$(TRACE)') $(if $(FILE),--file '$(FILE)') $(if $(APPEND),--append '$(APPEND)')

cloud-dataset: $(READY) ## upload the dataset to AgentCore Evaluations as a version: ENV=dev
	@$(EVAL_ENV) $(PY) -m ops cloud-dataset $(if $(DATE),--date $(DATE))

cloud-evaluate: $(READY) ## AgentCore's evaluators judge the sessions of a run: ENV=dev RUN=… EVALUATORS=…
	@$(EVAL_ENV) $(PY) -m ops cloud-evaluate $(if $(RUN),--run '$(RUN)') $(if $(EVALUATORS),--evaluators '$(EVALUATORS)')

cloud-batch: $(READY) ## start a batch evaluation over the sessions of a run: ENV=dev RUN=… EVALUATORS=…
	@$(EVAL_ENV) $(PY) -m ops cloud-batch $(if $(RUN),--run '$(RUN)') $(if $(EVALUATORS),--evaluators '$(EVALUATORS)')
