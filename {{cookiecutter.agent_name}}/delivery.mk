# The verbs of delivery: what the workflows type, and you can too. All but notes, newer and template-update need AWS
# credentials and ENV=dev|preprod|prod; each says account, region and plan first, and asks before production changes.

.PHONY: plan deploy register status destroy identity notes newer template-update

plan: $(READY) ## what deploy would change: ENV=… (DIGEST=sha256:…)
deploy: $(READY) ## bring component and infrastructure to an environment: ENV=… (DIGEST=sha256:…)
register: $(READY) ## publish the record in the organisation's registry, for approval: ENV=prod
status: $(READY) ## what is deployed, what is live, where one could go back to: ENV=…
destroy: $(READY) ## remove the component from an environment: ENV=…
identity: $(READY) ## the role and region of the pipeline, for a workflow: ENV=… (SHARED=1)
template-update: $(READY) ## the newest release of the template as a commit, or what conflicts
newer: $(READY) ## is this commit newer than the one that was delivered last: SINCE=commit
notes: $(READY) ## release notes from commits and evaluation: (SINCE=tag COMPARISON=file)

# Options reach Python through the environment (ENV, VERSION, DIGEST …), so no shell reads them as its own language.
plan deploy register status destroy identity notes newer template-update:
	@$(PY) -m ops $@
