# The verbs of delivery: what the workflows type, and you can too. All but rehearse, notes and dimensions need AWS
# credentials and ENV=dev|preprod|prod; each says account, region and plan first, and asks before production changes.

.PHONY: build plan deploy smoke gate register promote rollback canary online status destroy identity monitor notes template-update rehearse dimensions

build: $(READY) ## the arm64 image of the commit, pushed once to the shared account: ENV=dev
plan: $(READY) ## what deploy would change: ENV=… (DIGEST=sha256:…)
deploy: $(READY) ## bring image and infrastructure to an environment; live stays: ENV=… (DIGEST=sha256:…)
smoke: $(READY) ## ask an endpoint what it must be able to answer: ENV=… (ENDPOINT=live|DEFAULT)
gate: $(READY) ## evaluate what was deployed; only what passes in preprod may go to production: ENV=preprod
register: $(READY) ## publish the record in the organisation's registry, for approval: ENV=prod
promote: $(READY) ## move live to the newest version; back again when its test fails: ENV=… (VERSION=…)
rollback: $(READY) ## move live to the last good version, without a build: ENV=… (VERSION=…)
canary: $(READY) ## a share of the sessions on the newest version: ENV=prod WEIGHT=10, then DECIDE=1
online: $(READY) ## sampled evaluation of live sessions: ENV=prod (OFF=1)
monitor: $(READY) ## compare what online evaluation measured with the baseline: ENV=prod
status: $(READY) ## what is deployed, what is live, where one could go back to: ENV=…
destroy: $(READY) ## remove the component from an environment: ENV=…
identity: $(READY) ## the role and region of the pipeline, for a workflow: ENV=… (SHARED=1)
template-update: $(READY) ## the newest release of the template as a commit, or what conflicts
notes: $(READY) ## release notes from commits and evaluation: (SINCE=tag BASE=run HEAD=run)

# Options reach Python through the environment (ENV, VERSION, DIGEST …), so no shell reads them as its own language.
build plan deploy smoke gate register promote rollback canary online monitor status destroy identity notes template-update:
	@$(PY) -m ops $@

rehearse: $(READY) ## the deliver workflow on this machine: real agent, a stand-in for AWS, failures included
	@$(PY) -m tests.rehearsal

dimensions: $(READY) ## the seven pre-production test dimensions: TARGET=local|URL|dev|preprod|prod (SELECT=security)
	@$(PY) -m pytest --quiet tests/dimensions -m "dimension$(if $(SELECT), and $(SELECT))"
