# The verbs of evaluation. What they measure, and all options: docs/evaluation.md

.PHONY: eval compare dataset

RUN_OPTIONS = $(if $(TARGET),--target '$(TARGET)') $(if $(SELECT),--select '$(SELECT)') $(if $(WORKERS),--workers $(WORKERS)) \
	$(if $(TIMEOUT),--timeout $(TIMEOUT)) $(if $(RESUME),--resume '$(RESUME)') $(if $(RUN),--run '$(RUN)') \
	$(if $(DATE),--date $(DATE)) $(if $(RESULTS),--results '$(RESULTS)')
EVAL_ENV = $(if $(ENV),AGENT_ENV=$(ENV))

eval: $(READY) ## measure it on its ground truth (TARGET=local|URL|ARN SELECT=… RESUME=last REPORT_ONLY=1)
	@$(EVAL_ENV) $(PY) -m ops eval $(RUN_OPTIONS) $(if $(DATASET),--dataset '$(DATASET)')

compare: $(READY) ## what got better and worse: make compare BASE=<run> HEAD=<run> (REPORT_ONLY=1)
	@$(PY) -m ops compare '$(BASE)' '$(or $(HEAD),last)' $(if $(RESULTS),--results '$(RESULTS)') $(if $(WRITE),--write '$(WRITE)')

dataset: $(READY) ## check the ground truth (BUILD=1: compute it anew from evals/cases.py)
	@$(PY) -m ops dataset $(if $(BUILD),--build) $(DATASET)
