# The menu. `make` prints it; the README, CI and a laptop run the same targets.

export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
# cargo-lambda names the target that it builds for. With the same target in every build, the local deployment and the
# tests share their dependencies: the AWS SDK is compiled once.
export CARGO_BUILD_TARGET := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
export CARGO_TERM_COLOR ?= auto

TIMED := .ci/timed

.PHONY: help prerequisites setup setup-browser run dev verify check test played simulate lint handlers
.PHONY: reproducible diff bench deny docs clean
.DEFAULT_GOAL := help

help: ## Show this menu
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

prerequisites: ## Check that Rust, Node, Python and the other tools of the machine are installed and new enough
	@.ci/prerequisites

setup: prerequisites node_modules/.installed .venv/.installed ## Install the tools into this checkout, and nothing outside of it

node_modules/.installed: package.json package-lock.json | prerequisites
	@echo "Installing the Node packages into node_modules …"
	@npm ci --no-audit --no-fund --loglevel error
	@touch $@

.venv/.installed: requirements.txt | prerequisites
	@echo "Installing the Python tools into .venv …"
	@python3 -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $@

# Only `make test` needs a browser. Without the rights to install one, the target says what to install by hand.
setup-browser: ## Install the system packages chromium and chromium-driver with apt-get, for `make test`
	@.ci/chromium

# The whole workspace's features in every build: a single package would resolve other features and compile its
# dependencies again. The handlers are built together with the app and the tools, in one invocation with the flags of
# `app build`, so that the deployment finds them compiled.
HANDLERS := $(patsubst handlers/%/Cargo.toml,%,$(wildcard handlers/*/Cargo.toml))
DEPLOYED = --workspace --locked --bin app $(addprefix --bin ,$(HANDLERS))
END_TO_END = cargo run --quiet --bin end-to-end --

# Seconds since 1970 at which make began, so that `make run` can print the time that a newcomer waits.
BEGAN := $(shell date +%s)

run: setup ## Deploy everything on this machine, replace an image, watch it reach a viewer, clean up
	@echo "Building the handlers, the CDK app and the tour (minutes the first time) …"
	@cargo build $(DEPLOYED) --bin dev
	@cargo run --quiet --bin dev -- run --began $(BEGAN)

dev: setup ## The same deployment with the consoles of editors and operators, left up until Ctrl-C
	@cargo build $(DEPLOYED) --bin dev --bin imagecache
	@cargo run --quiet --bin dev -- up

# VIEWER_ENDPOINT is for a local deployment, whose hosts are not in the DNS; `make dev` prints it.
verify: setup ## Verify a deployment to an account by an edit of each tenant: ENV=dev
	@cargo run --quiet --locked --bin imagecache -- verify --environment $(or $(ENV),$(error name the environment, for example ENV=dev)) $(if $(VIEWER_ENDPOINT),--viewer-endpoint $(VIEWER_ENDPOINT))

check: setup ## Check format, lints, unit tests and the protocol's tests: quick after a small change
	@cargo fmt --all -- --check
	@cargo clippy --workspace --all-targets --quiet -- -D warnings
	@cargo test --workspace --lib --test purging --quiet

test: setup setup-browser ## Test everything that needs no AWS account: unit tests, and the whole system deployed
	@$(TIMED) --begin
	@.ci/figures --begin
	@$(TIMED) "build the tests" cargo test --workspace --no-run
	@$(TIMED) "unit, bindings, template, handler and emulator tests" cargo test --workspace --no-fail-fast
	@$(TIMED) "build the deployment" cargo build $(DEPLOYED) --bin end-to-end --bin existing-installation --bin imagecache
	@$(MAKE) --no-print-directory --jobs 4 --keep-going played; status=$$?; $(TIMED) --report; .ci/figures; exit $$status

# The parts of the program end-to-end, each with a deployment of its own. Four run at a time, because they often wait; the
# longest ones begin first.
PLAYED := faults operations scenario scenario-multi-tenant operations-multi-tenant troubleshooting existing browse \
	events alarms
played: $(addprefix played-,$(PLAYED)) ## Play the parts of `make test` that are deployed; `make played-faults` plays one

played-%:
	@$(TIMED) "$*, deployed" $(END_TO_END) $(subst -multi-tenant, --multi-tenant,$*)

simulate: setup ## Replay one seed of the simulation, SEED=4711, or play many from a random base on, SEEDS=1000000
	@cargo run --quiet --bin simulate -- $(if $(SEEDS),--seeds $(SEEDS) $(if $(BASE),--base $(BASE)),$(SEED))

# rustdoc's warnings: broken links, links from public to private items, bare URLs, invalid HTML and code blocks.
DOC = env RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --keep-going --quiet

# CloudFormation's validation and the rules of cdk-nag, on every environment.
RULES = cargo test --quiet --workspace --test stacks nag::

lint: setup ## Check format, spelling, clippy, documentation, dependencies and licences, as CI does
	@$(TIMED) "format" cargo fmt --all -- --check
	@$(TIMED) "spelling" typos
	@$(TIMED) "unused dependencies" cargo shear --locked
	@$(TIMED) "clippy" cargo clippy --workspace --all-targets --quiet -- -D warnings
	@$(TIMED) "documentation" $(DOC)
	@$(TIMED) "rules of the stacks" $(RULES)
	@$(TIMED) "licences, sources and bans" cargo deny --log-level error check bans licenses sources

handlers: setup ## Build the handlers for the environments in cdk/environments, as `cdk` does before each synthesis
	@cargo run --quiet --bin app -- build

reproducible: setup ## Build the handlers of this commit in two checkouts and compare the assets (20 minutes)
	@.ci/reproducible $(ARCHITECTURE)

diff: setup ## Fail if a stack grants more or loses a resource, or the API breaks clients, since BASE=origin/main
	@RECORDED_AT=$(or $(BASE),HEAD) cargo test --quiet --workspace --test stacks changes::
	@RECORDED_AT=$(or $(BASE),HEAD) cargo test --quiet --workspace --test openapi since_the_record

# The functions and the app are measured as they are deployed: in release builds.
bench: setup ## Measure this system beside its alternatives; ONLY=functions measures one section (minutes to build)
	@echo "Building the release binaries (minutes the first time) …"
	@cargo build --release $(DEPLOYED) --bin bench
	@cargo run --release --quiet --locked --bin bench -- $(ONLY) $(if $(OBJECTS),--objects $(OBJECTS))

deny: setup ## Check licences, sources, bans and known vulnerabilities (reads the advisory database from GitHub)
	@cargo deny check

# mdBook is built from its source, into the checkout; a new version is a new folder.
MDBOOK := .tools/mdbook-0.5.4

$(MDBOOK)/bin/mdbook: | prerequisites
	@echo "Building mdBook (minutes the first time) …"
	@cargo install --quiet --locked --root $(MDBOOK) --no-default-features --features search --version $(@:.tools/mdbook-%/bin/mdbook=%) mdbook

docs: $(MDBOOK)/bin/mdbook ## Build the site of the documents, target/site/html/index.html
	@.ci/site $<

clean: ## Remove all build output and installed tools of this checkout
	@rm -rf target node_modules .venv .tools
