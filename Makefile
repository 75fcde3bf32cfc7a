# The targets that people call have a line of help; `make` alone lists them.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

GO          ?= go
NPM         ?= npm
FUZZTIME    ?= 1m
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOTESTSUM   := gotest.tools/gotestsum@v1.13.0
AIR         := github.com/air-verse/air@v1.67.4
NPM_CI      := ci --no-audit --no-fund --loglevel=error

# git does not tell about a checkout that belongs to another user: then the program does not know its commit
BUILDVCS    := $(shell git rev-parse HEAD >/dev/null 2>&1 || echo -buildvcs=false)

ASSET_SOURCES := $(shell find assets/css assets/js assets/images assets/build assets/draw -type f 2>/dev/null) assets/package-lock.json
GO_SOURCES    := $(shell find cmd app inventory checkout replication web templates assets migrations -name '*.go' -not -path '*/node_modules/*' 2>/dev/null) \
                 $(wildcard templates/*.html migrations/*.sql) go.mod go.sum

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build postgres ## Run the shop on http://localhost:4000, with a database of its own under .data
	@echo "All that the shop keeps is in .data; to start afresh, stop it and run: make fresh"
	@SNEAKERS23_GATEWAY_LISTEN=$${SNEAKERS23_GATEWAY_LISTEN-127.0.0.1:6667} exec bin/sneakers23 serve

# This program reads templates and assets from the checkout, so only a change of Go compiles it.
.PHONY: dev
dev: bin/dev assets postgres ## The same, and start it again after each change of code, templates or assets
	@SNEAKERS23_GATEWAY_LISTEN=$${SNEAKERS23_GATEWAY_LISTEN-127.0.0.1:6667} exec $(GO) run $(AIR) -c .ci/air.toml

bin/dev: $(filter-out %.html,$(GO_SOURCES)) | go
	$(GO) build -tags dev $(BUILDVCS) -o $@ ./cmd/sneakers23

# PostgreSQL's data is elsewhere, behind a link, where its user can't reach the checkout.
.PHONY: fresh
fresh: build ## Delete all that the shop keeps under .data, orders too, so that the next run begins anew
	@for dir in .data .data/cluster/?; do \
	  [ ! -e $$dir/node.json ] || ! bin/sneakers23 --data-dir $$dir nodes >/dev/null 2>&1 || { echo "a node runs on $$dir: stop it first" >&2; exit 1; }; \
	done
	@for link in .data/postgres .data/cluster/postgres; do [ ! -L $$link ] || rm -rf "$$(readlink $$link)"; done
	rm -rf .data

FLAGS ?=

.PHONY: cluster
cluster: build postgres ## Run three nodes behind a small proxy on http://localhost:4000; FLAGS=--help tells what can be changed
	@$(GO) build $(BUILDVCS) -o bin/cluster ./cmd/cluster && exec bin/cluster $(FLAGS)

.PHONY: gallery
gallery: assets ## Serve every page in every state from fixed data, without a database
	@$(GO) run ./e2e/gallery $(FLAGS)

.PHONY: build
build: bin/sneakers23 ## Build bin/sneakers23

# The first build compiles all libraries, which takes minutes: it tells so, and names each when it is compiled.
bin/sneakers23: $(GO_SOURCES) assets/dist/manifest.json
	@[ -e $@ ] || echo "compiling the server and its libraries: a minute or two the first time, seconds after that"
	$(GO) build $(if $(wildcard $@),,-v) $(BUILDVCS) -o $@ ./cmd/sneakers23

.PHONY: assets
assets: assets/dist/manifest.json ## Build the scripts, styles and images of the pages

assets/dist/manifest.json: $(ASSET_SOURCES) assets/node_modules/.package-lock.json | go
	@[ -e $@ ] || echo "compiling what builds the pages' scripts and styles: up to a minute the first time"
	$(GO) run $(if $(wildcard $@),,-v) ./assets/build

assets/node_modules/.package-lock.json: assets/package-lock.json | npm
	$(NPM) $(NPM_CI) --ignore-scripts --prefix assets
	@touch $@

# One package after the other: each has both processors of a small machine for itself; see .ci/tests for the exception. Most tests wait
# more than they compute, so two run at a time for each processor; e2e sets a number of its own. The time-out is that of a hang. Without
# the variable each program that has the race detector in it sleeps for a second before it ends.
RACE := -race -p 1 -parallel $(shell expr 2 \* $${GOMAXPROCS:-$$(getconf _NPROCESSORS_ONLN)}) -timeout 30m
export GORACE ?= atexit_sleep_ms=0

# Compilers, linkers and tests live for seconds. With less garbage collection they take a tenth less CPU time.
test test-short: export GOGC ?= 300

# gotestsum prints a line for each package, what failed and what was skipped, and counts them in its last line.
SUMMED := $(GO) run $(GOTESTSUM) --format pkgname --raw-command --
TESTS  := $(SUMMED) $(GO) test -json $(RACE)

.PHONY: test
test: assets postgres browser hosts cc ## Run all tests, browsers included, with the race detector, and each fuzzer for a moment
	@GO=$(GO) .ci/fuzz 3000x
	@GO=$(GO) $(SUMMED) .ci/tests $(RACE) $(TESTFLAGS)

.PHONY: test-short
test-short: assets postgres cc ## Run all tests but those in browsers
	@$(TESTS) $(TESTFLAGS) $$($(GO) list ./... | grep -v /e2e)

NODES ?= 18 20 22 24

# The tests that prove something by mass, at full size. make test runs them at a small one.
.PHONY: test-long
test-long: assets postgres browser hosts cc ## Run at full size what make test runs at a small one; takes 20 minutes
	$(TESTS) -count 1 -run NeverOversold ./checkout -attempts 21000
	$(TESTS) -count 1 -run 'RollingRestart|KillsWhileSelling|PageTriesSeldom|SocketsThatEndSoon|PagesAreAccessible|Gallery' ./e2e -full
	RAPID_CHECKS=5000 $(TESTS) -count 1 ./replication/presence
	for package in web/channel web/shop web/admin web/markdown; do $(TESTS) -count 1 ./$$package -full || exit 1; done
	$(TESTS) -count 1 ./web/channel/conformance -isolated
	for node in $(NODES); do \
		npx --yes --package node@$$node -c 'NODE=$$(command -v node) && export NODE && "$$NODE" --version && $(GO) test $(RACE) -count 1 ./web/channel/conformance' || exit 1; \
	done
	@GO=$(GO) .ci/fuzz 1m

.PHONY: mutants
mutants: assets postgres cc ## Break the code in each way that e2e/mutants lists, and expect a failing test; takes more than an hour
	TEST_PATIENCE=$${TEST_PATIENCE:-0.25} $(GO) run ./e2e/mutants $(FLAGS) # a broken promise is often one that a test waits for in vain

ATTEMPTS ?= 1000000
ROUNDS   ?= 50
FAULTS   := ClusterShows|NameTaken|WitnessIsKilled|KillsWhileSelling|Presence|CommittedAndNotTold|Partition|CutFromDatabase|DatabaseRestartsUnderLoad|RollingRestart

.PHONY: soak
soak: soak-teller soak-cluster ## Both of what follows, one after the other; takes hours

.PHONY: soak-teller
soak-teller: postgres cc ## Let a crowd buy ATTEMPTS times (1000000 unless told) while everything goes wrong
	$(GO) test -race -count 1 -v -timeout 24h -run NeverOversold ./checkout -attempts $(ATTEMPTS)

.PHONY: soak-cluster
soak-cluster: assets postgres browser hosts cc ## Run each fault test of a cluster ROUNDS times (50 unless told), as root; takes more than an hour
	$(GO) test -race -c -o bin/e2e.test ./e2e
	cd e2e && for round in $$(seq $(ROUNDS)); do \
		echo "round $$round of $(ROUNDS)"; CI=1 ../bin/e2e.test -test.v -test.timeout 60m -test.run '$(FAULTS)' -full || exit 1; \
	done # each in a process of its own: the race detector keeps some memory of every goroutine that there was

.PHONY: conformance
conformance: assets cc ## Hold the channel server against phoenix.js, under Node
	$(GO) test -race -count 1 -v ./web/channel/conformance

.PHONY: fuzz
fuzz: assets ## Run each fuzzer for FUZZTIME, one minute by default
	@GO=$(GO) .ci/fuzz $(FUZZTIME)

BENCHMARKS = $$(grep -rl --include='*_test.go' --exclude-dir=node_modules '^func Benchmark' . | xargs -r -n 1 dirname | sort -u)

.PHONY: bench
bench: assets postgres browser ## Run all benchmarks
	$(GO) test -p 1 -run '^$$' -bench . -benchtime 2s $(BENCHMARKS)

.PHONY: bench-once
bench-once: assets postgres browser ## Run each benchmark once, so that none rots
	$(GO) test -p 1 -run '^$$' -short -bench . -benchtime 1x $(BENCHMARKS)

.PHONY: bench-teller
bench-teller: postgres ## Compare the teller with one transaction for each cart, five pairs of each; takes minutes
	$(GO) test -run '^$$' -bench Selling -benchtime 5x -timeout 60m ./checkout -side 5s

N ?= 10000

.PHONY: bench-sockets
bench-sockets: go ## Measure what N sockets cost (10000 unless told), beside two floors; takes minutes
	$(GO) run ./web/channel/loadtest -sockets $(N)

.PHONY: lint
lint: assets ## Check formatting, and what vet and staticcheck find
	@unformatted=$$("$$($(GO) env GOROOT)/bin/gofmt" -l $$(git ls-files -co --exclude-standard '*.go')) || exit 1; \
	  if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w on: $$unformatted" >&2; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags dev ./templates ./assets
	$(GO) run $(STATICCHECK) ./...

.PHONY: golden
golden: assets ## Write the expected HTML of all pages again, for review in the diff
	$(GO) test ./web ./web/shop ./web/admin ./web/admin/drops ./web/admin/products ./web/admin/shopfront -run Golden -update

.PHONY: clean
clean: ## Delete what was built and fetched; the store's data under .data stays
	rm -rf bin .tools assets/node_modules
	find assets/dist -mindepth 1 ! -name .gitkeep -delete

# What a machine may lack. Each says in one line what is missing when it can't be had.

.PHONY: go
go:
	@command -v $(GO) >/dev/null || { echo "Go is missing: install Go 1.26 or newer, see https://go.dev/dl" >&2; exit 1; }

.PHONY: npm
npm:
	@command -v $(NPM) >/dev/null || { echo "npm is missing: install Node.js 18 or newer, on Debian: apt-get install nodejs npm" >&2; exit 1; }

.PHONY: cc
cc:
	@command -v "$${CC:-gcc}" >/dev/null || command -v cc >/dev/null || \
	  { echo "A C compiler is missing, the race detector needs one: on Debian, apt-get install gcc libc6-dev" >&2; exit 1; }

.PHONY: postgres
postgres: | npm
	@sh app/postgres/npm/install.sh --if-missing

# Tests on hosts of their own take root's rights; an ordinary user is told by each that it is skipped.
.PHONY: hosts
hosts:
	@[ "$$(id -u)" != 0 ] || command -v ip >/dev/null || { echo "installing iproute2 with apt-get"; apt-get install -y -qq iproute2 >/dev/null; } || \
	  { echo "ip is missing: on Debian, apt-get install iproute2" >&2; exit 1; }

.PHONY: browser
browser: assets/node_modules/.package-lock.json
	@sh e2e/browser.sh
