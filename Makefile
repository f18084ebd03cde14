# What a fresh machine with Python 3.11 and make needs: `make run` and `make test`.
PYTHON ?= python3.11
BIN := .venv/bin
HOME_FOLDER ?= data
STAMP := .venv/ready
TOWNS := tests/sdc/test_nights.py
LOCKED := --python-version 3.11 --universal --generate-hashes --no-header --no-annotate --no-strip-extras --no-emit-find-links --quiet

.PHONY: run test exhaustive pytest lint bench web-check report-check postgres municipalities-check superset deploy-check container-check same docs dev demo prepare lock clean

run: $(STAMP)  ## demo deliveries into data/landing, one nightly run, what was published and where
	@test -n "$$(ls $(HOME_FOLDER)/landing 2>/dev/null)" || $(BIN)/arsverk demo --home $(HOME_FOLDER)
	@$(BIN)/arsverk run --home $(HOME_FOLDER)

test: $(STAMP)  ## everything that must be green; lint and tests side by side, since most of lint is one process
	@$(MAKE) --no-print-directory --jobs=2 lint pytest

pytest: $(STAMP)
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

# The random towns come last and one by one: as one module they would keep one worker busy alone.
exhaustive: $(STAMP)  ## every test there is, the minutes-long ones too, and many examples of each property
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder -m "" --hypothesis-profile=exhaustive --ignore $(TOWNS)
	@$(BIN)/python -m pytest -n 2 -m "" $(TOWNS)

lint: $(STAMP)  ## format, lint, types, imports, SQL lint
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar --nocolor dbt_project

bench: $(STAMP)  ## speed, as ratios measured side by side in one run; NAMES="demo large" for some
	@$(BIN)/python -m tests.benchmarks.run $(NAMES)

web-check: $(STAMP)  ## nginx with docs/nginx/arsverk.conf before the web pages; needs: apt-get install nginx-light openssl chromium
	@$(BIN)/python -m tests.web_check

report-check: $(STAMP)  ## the report of HOME_FOLDER in Chromium; needs: apt-get install chromium npm; installs Playwright and axe-core for itself
	@$(BIN)/python -m tests.report_check $(HOME_FOLDER)

postgres: $(STAMP)  ## `arsverk copy` into a real PostgreSQL; needs: apt-get install postgresql odbc-postgresql unixodbc
	@$(BIN)/python -m tests.postgresql_check

municipalities-check: $(STAMP)  ## twelve municipalities' nights with Dagster in a real PostgreSQL; needs: apt-get install postgresql
	@$(BIN)/python -m tests.municipalities_check

superset: $(STAMP)  ## two nights of the demo in a real Superset's dashboard; pip installs it, needs: apt-get install chromium
	@$(BIN)/python -m tests.superset_check --environment .superset --pictures .superset/pictures

deploy-check:  ## a new Debian 12 becomes a server by deploy/install.sh; needs root and: apt-get install debootstrap systemd-container
	@tests/deploy_check.sh

container-check: $(STAMP)  ## the image built and run by an engine; needs root and: apt-get install podman postgresql; what else in OPTIONS
	@$(BIN)/python -m tests.container_check $(OPTIONS)

same: $(STAMP)  ## first nights of revision BASE and of this code: which tables differ by a byte
	@$(BIN)/python -m tests.same_publications $(BASE)

docs: $(STAMP)  ## the tables, what they are made of and who reads them, as one HTML file that needs no network
	@made=$$(mktemp -d) && cd dbt_project && ARSVERK_BUILD_DATABASE=:memory: ../$(BIN)/dbt --quiet docs generate --static \
		--empty-catalog --no-version-check --project-dir . --profiles-dir . --target-path $$made \
		&& mv $$made/static_index.html target/docs.html && rm -r $$made
	@echo "dbt_project/target/docs.html"

dev: $(STAMP)  ## Dagster's web pages and daemon, on http://127.0.0.1:3000 for this machine's own browser alone
	@umask 077 && mkdir -p $(HOME_FOLDER)/dagster && cp -n orchestration/dagster.yaml $(HOME_FOLDER)/dagster/ || true
	@umask 077 && ARSVERK_HOME=$(abspath $(HOME_FOLDER)) DAGSTER_HOME=$(abspath $(HOME_FOLDER))/dagster \
		$(BIN)/python -m orchestration.webserver --with-daemon

demo: $(STAMP)
	@$(BIN)/arsverk demo --home $(HOME_FOLDER)

prepare: $(STAMP)  ## parse the dbt project again after a change
	@$(BIN)/python -c "from orchestration.dbt import prepare_manifest; prepare_manifest()"

# Installed by hash from the lock; compiled once, so that every later start is quick.
$(STAMP): requirements.lock pyproject.toml
	@echo "environment: installing into .venv (about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@$(BIN)/python -m compileall -q -j 2 .venv/lib || true
	@$(BIN)/python -c "from orchestration.dbt import prepare_manifest; prepare_manifest()"
	@touch $(STAMP)

lock:  ## renew requirements.lock and the image's deploy/requirements.lock from pyproject.toml (needs uv); they name no registry
	uv pip compile pyproject.toml --group dev $(LOCKED) -o requirements.lock
	uv pip compile pyproject.toml --group container --constraints requirements.lock $(LOCKED) -o deploy/requirements.lock

clean:
	rm -rf .venv data dbt_project/target .pytest_cache .mypy_cache .ruff_cache
