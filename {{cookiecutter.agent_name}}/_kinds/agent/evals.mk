# The verbs of evaluation that only an agent has.

.PHONY: redteam row cloud-dataset cloud-evaluate cloud-batch

redteam: $(READY) ## the same with the attacks of evals/redteam.jsonl
	@$(EVAL_ENV) $(PY) -m ops eval $(RUN_OPTIONS) --dataset evals/redteam.jsonl --thresholds evals/redteam.yaml

row: $(READY) ## a recorded conversation as a row to review (TRACE=… or FILE=spans.json, APPEND=file)
	@$(PY) -m ops row $(call given,TRACE,trace) $(call given,FILE,file) $(call given,APPEND,append)

cloud-dataset: $(READY) ## upload the dataset to AgentCore Evaluations as a version: ENV=dev
	@$(EVAL_ENV) $(PY) -m ops cloud-dataset $(call given,DATE,date)

cloud-evaluate: $(READY) ## AgentCore's evaluators judge the sessions of a run: ENV=dev RUN=… EVALUATORS=…
	@$(EVAL_ENV) $(PY) -m ops cloud-evaluate $(call given,RUN,run) $(call given,EVALUATORS,evaluators)

cloud-batch: $(READY) ## start a batch evaluation over the sessions of a run: ENV=dev RUN=… EVALUATORS=…
	@$(EVAL_ENV) $(PY) -m ops cloud-batch $(call given,RUN,run) $(call given,EVALUATORS,evaluators)
