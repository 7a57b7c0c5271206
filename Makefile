# webmedic.php_fpm: every command of a developer. `make demo` and `make test` need a Debian 12 machine, root, apt and a Python package index.
# All state lies in $(WORK), which git ignores; `make clean` removes it.
WORK ?= $(CURDIR)/.cache/webmedic
export WEBMEDIC_WORK := $(WORK)
export PYTHONDONTWRITEBYTECODE := 1
ENV := $(or $(PYTHON),$(firstword $(wildcard /usr/bin/python3.11 /usr/bin/python3.12 /usr/bin/python3.13)),python3)
DEV = $$($(ENV) -m tests.run.env venv dev)
SUITE = exec $(ENV) -m tests.run.suite
RUN = set -e; dev=$(DEV); exec $$dev/bin/python -m

.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*## .*/\1/p' $(firstword $(MAKEFILE_LIST)))

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 14

demo: ## real hosts, each broken in its own way, told apart by one playbook and mended by another (DEMO_KEEP=1 leaves them)
	@$(RUN) tests.run.demo

demo-watch: ## from an alert to the cure, live: two hosts break, Prometheus sees it, one is mended and of the other a person is asked
	@$(RUN) tests.run.demo_watch

diagnose: ## the same on your own hosts: make diagnose INVENTORY=hosts.ini [ARGS='--limit web --check']
	@$(RUN) tests.run.playbook diagnose "$(INVENTORY)" $(ARGS)

remediate: ## mend your own hosts: make remediate INVENTORY=hosts.ini [ARGS='--check --diff']
	@$(RUN) tests.run.playbook remediate "$(INVENTORY)" $(ARGS)

test: ## each fault but its variations on one real host, and of what takes long a part; in half an hour on two processors; the last line counts every check
	@$(SUITE)

test-all: ## all of it: every fault on every suite, every step killed, every unit test on every Python; in some hours (ARGS=--continue: but what has passed on these very files)
	@$(SUITE) --all $(ARGS)

bench: ## what a diagnosis costs, beside the engine's own floor, and what sizing a pool brings
	@$(RUN) tests.bench $(ARGS)

build: ## the tarball, checked and installed for a try
	@$(RUN) tests.run.package

lock: ## every package of every environment of ours, resolved anew into requirements/locks
	@$(ENV) -m tests.run.env lock

generated: ## the files that are made from the code: the tables of actions, causes.md, the schemas
	@set -e; dev=$(DEV); root=$$($(ENV) -m tests.run.env tree); export PYTHONPATH=$$root; \
	$$dev/bin/python -m tests.run.action_tables >/dev/null; $$dev/bin/python -m tests.run.report_schema >/dev/null; \
	$$dev/bin/python tests/unit/shapes.py; root=$$($(ENV) -m tests.run.env tree); \
	$$dev/bin/python -m ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue >$$root/causes.md; \
	mv $$root/causes.md docs/causes.md; $$dev/bin/ruff format -q plugins tests

published: ## what Galaxy and a public repository ask: importer, ansible-lint on the built tree, licences, workflows
	@$(RUN) tests.run.published

docs: ## the documentation site, in .cache/webmedic/docsite/html; every warning is an error
	@$(RUN) tests.run.docsite

release: ## the tarball, checked and published on Galaxy with the token in GALAXY_TOKEN
	@$(RUN) tests.run.published --publish

lint: ## ruff, mypy, yamllint, ansible-lint
	@$(SUITE) ruff mypy yamllint changelog ansible-lint

units: ## the unit tests on this Python
	@$(SUITE) units

fuzz: ## inputs that nobody would write, for every parser, for the rules and for the report, SECONDS=60 each; WEBMEDIC_FUZZ_SEED= repeats one
	@set -e; dev=$(DEV); root=$$($(ENV) -m tests.run.env tree); cd $$root/ansible_collections/webmedic/php_fpm; \
	PYTHONPATH=$$root WEBMEDIC_FUZZ_SECONDS=$(or $(SECONDS),60) exec $$dev/bin/python -m pytest -q -s $$(find tests/unit -name 'test_fuzz*.py')

sanity: ## ansible-test sanity on ansible-core 2.16 to 2.19 and, where Python 3.12 is, on 2.21
	@$(SUITE) sanity

matrix: ## the unit tests and a run of each module on every Python from 3.6 to 3.13 found here (ARGS='3.6 modules')
	@$(SUITE) $(or $(addprefix matrix-,$(ARGS)),matrix)

fleet-test: ## every fault on real hosts of every suite: broken, shown, told apart, left as it was; then mended where that is safe (ARGS='trixie')
	@$(SUITE) $(or $(addprefix fleet-,$(ARGS)),fleet)

vm-test: ## hosts with a kernel of their own: SELinux, AppArmor, out of memory, no systemd, reboots; in 40 minutes (ARGS=--all: variations, too; ARGS='selinux:*label*')
	@$(RUN) tests.integration.vm $(ARGS)

harm: ## what a remediation must not do, on real hosts (ARGS=--all: every variation, ARGS=NAME: one)
	@$(RUN) tests.integration.harm $(ARGS)

risks: ## what will be the next 502: told, brought about on real hosts, and cured (ARGS='trixie --only capacity': these alone)
	@$(RUN) tests.integration.risks $(ARGS)

rehearsal: ## a rolling deploy over six real hosts under load: a bad release stops, a good one passes (ARGS=--few: over four)
	@$(RUN) tests.integration.rehearsal $(ARGS)

eda-test: ## from an alert to the cure: Prometheus, Alertmanager, ansible-rulebook and real hosts (ARGS=--few: without the first two)
	@$(RUN) tests.integration.cure $(if $(filter --few,$(ARGS)),,--all)

neighbours: ## what mending one of three sites costs the other two, by each fault that can be mended (ARGS=trixie: on one suite)
	@$(RUN) tests.integration.neighbours $(ARGS)

monitor-test: ## the role monitor on a real host, with Prometheus and node exporter: the alert names a saturated pool (ARGS='trixie el')
	@$(RUN) tests.integration.monitor $(ARGS)

company: ## every fault that can be mended on every suite, beside a dead default server and under a crowd that stays (ARGS=trixie: on one)
	@$(SUITE) $(addprefix company-,$(or $(ARGS),bullseye bookworm trixie el stock))

survive: ## the remediation killed at every step, refused, cut off, on full and on read-only disks
	@$(SUITE) survive

sites: ## sites of every preset by the role site, on every suite: pages, visitors through reloads, the seven causes, an upgrade (ARGS=trixie)
	@$(RUN) tests.integration.sites $(ARGS)

pages: ## the report's page in a real browser (ARGS=--image: the picture in README again; ARGS='--look DIR': pictures of everything)
	@$(RUN) tests.integration.pages $(ARGS)

guards: ## each guard of a gate taken away from a scratch copy: its test must fail (ARGS=waiver: those with this word)
	@$(RUN) tests.run.guards $(ARGS)

awx: ## examples/awx: its configuration against a fake controller, its playbooks by ansible-runner
	@$(SUITE) awx

molecule: ## the molecule scenarios
	@$(SUITE) molecule

changelog: ## CHANGELOG.md from changelogs/fragments, for the version in galaxy.yml
	@set -e; dev=$(DEV); ANSIBLE_COLLECTIONS_PATH=$$($(ENV) -m tests.run.env tree) PATH=$$dev/bin:$$PATH antsibull-changelog release --update-existing --reload-plugins

images: ## the hosts' images
	@$(RUN) tests.lab images

down: ## removes every host of the lab
	@$(RUN) tests.run.down

clean: down ## and all state
	rm -rf "$(WORK)"
