# The verbs of what runs on AgentCore Runtime: an image becomes a version, and an endpoint moves to it and back.

.PHONY: build smoke gate promote rollback rehearse dimensions

build: $(READY) ## the arm64 image of the commit, pushed once to the shared account: ENV=dev
smoke: $(READY) ## ask an endpoint what it must be able to answer: ENV=… (ENDPOINT=live|DEFAULT)
gate: $(READY) ## evaluate what was deployed; only what passes in preprod may go to production: ENV=preprod
promote: $(READY) ## move live to the newest version; back again when its test fails: ENV=… (VERSION=…)
rollback: $(READY) ## move live to the last good version, without a build: ENV=… (VERSION=…)
build smoke gate promote rollback:
	@$(PY) -m ops $@

rehearse: $(READY) ## the deliver workflow on this machine: the real component, a stand-in for AWS, failures included
	@$(PY) -m tests.rehearsal

dimensions: $(READY) ## the pre-production test dimensions: TARGET=local|URL|dev|preprod|prod (SELECT=security)
	@$(PY) -m pytest --quiet $(if $(filter-out local,$(TARGET)),--force-enable-socket) tests/dimensions -m "dimension$(if $(SELECT), and $(SELECT))"
