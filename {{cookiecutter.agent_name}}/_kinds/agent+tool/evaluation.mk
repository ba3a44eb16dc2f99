# The verbs of evaluation. What they measure, and all options: docs/evaluation.md

.PHONY: eval compare dataset

# Only what is typed after `make` counts: names such as RUN and DATE mean something else in a shell's own environment. It
# reaches Python through the environment, as it was typed: neither make nor the shell reads it as their own language.
TYPED := TARGET SELECT WORKERS TIMEOUT RESUME RUN DATE RESULTS DATASET
$(foreach name,$(TYPED),$(eval eval compare dataset redteam cloud-dataset cloud-evaluate cloud-batch: \
	override $(name) := $$(if $$(filter command%,$$(origin $(name))),$$(value $(name)))))
export $(TYPED)

given = $${$(1):+--$(2)="$$$(1)"}
RUN_OPTIONS = $(call given,TARGET,target) $(call given,SELECT,select) $(call given,WORKERS,workers) \
	$(call given,TIMEOUT,timeout) $(call given,RESUME,resume) $(call given,RUN,run) $(call given,DATE,date) \
	$(call given,RESULTS,results)
EVAL_ENV = $(if $(ENV),AGENT_ENV=$(ENV))

eval: $(READY) ## measure it on its ground truth (TARGET=local|URL|ARN SELECT=… RESUME=last REPORT_ONLY=1)
	@$(EVAL_ENV) $(PY) -m ops eval $(RUN_OPTIONS) $(call given,DATASET,dataset)

compare: $(READY) ## what got better and worse: make compare BASE=<run> HEAD=<run> (REPORT_ONLY=1)
	@$(PY) -m ops compare "$$BASE" "$${HEAD:-last}" $(call given,RESULTS,results) $(call given,WRITE,write)

dataset: $(READY) ## check the ground truth (BUILD=1: compute it anew from evals/cases.py)
	@$(PY) -m ops dataset $(if $(BUILD),--build) $${DATASET:+"$$DATASET"}
