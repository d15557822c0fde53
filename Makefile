# Everything a person does here. `make demo` and `make test` need only Go and the package registries.

SHELL     := /bin/bash
GO        ?= go
LINT      := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
DATA      ?= data/demo
LISTEN    ?= 127.0.0.1:8080
REALDATA  ?= ../shared/data
# The race detector needs a C compiler; without one the tests run without it.
RACE      := $(shell command -v gcc >/dev/null 2>&1 && echo -race)

.PHONY: build demo serve test leak realdata crash oracle bench load fuzz lint assets generate check-generated clean help

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 18

build: ## the one binary, without cgo, at bin/bid
	CGO_ENABLED=0 $(GO) build -o bin/bid ./cmd/bid

demo: build ## a complete system with invented organizations at http://127.0.0.1:8080
	bin/bid demo --data $(DATA) --listen $(LISTEN)

serve: build ## an empty system
	bin/bid serve --data data/bid --listen $(LISTEN)

# Tests that put thousands of single requests to one system, one after the other, or to processes of their own: the race
# detector would find nothing in them and take minutes, so they run without it. Left out by name are what traces system
# calls, which is in make crash, and what measures time for minutes on a machine that does nothing else, in make leak.
MATRICES  := RefusalMatrix|MatrixNotices|NobodyLearns|PlantedLeaks|CasesOnEveryPath|CasesNotice|AgainstOracle|TestCrash$$|CheckerNotices|FromFileToPublished|GoesOnAfterKills|TestReplicas
TRACES    := SyncBeforeAcknowledgement
TIMES     := TimeTells

test: ## every test, on SQLite and PostgreSQL
	$(GO) vet ./...
	CGO_ENABLED=$(if $(RACE),1,0) $(GO) test $(RACE) -timeout 14m -skip '$(if $(RACE),$(MATRICES)|)$(TRACES)|$(TIMES)' ./...
	$(if $(RACE),CGO_ENABLED=0 $(GO) test -timeout 14m -run '$(MATRICES)' ./internal/httpd ./internal/leak ./internal/oracle ./internal/crash ./cmd/bid)

# N answers of one reader in a drawn world and its twin; SEED is the first seed, RECORDS the size of a world. What differs is
# told with its seed: make leak N=4000 SEED=17 asks that pair of worlds again.
leak: N ?= 20000
leak: SEED ?= 1
leak: RECORDS ?= 200
leak: ## drawn worlds compared with their twins that lack one thing, N times
	CGO_ENABLED=0 LEAK_N=$(N) LEAK_SEED=$(SEED) LEAK_RECORDS=$(RECORDS) $(GO) test -count=1 -timeout 6h -run 'NobodyLearnsInDrawnWorlds|$(TIMES)' -v ./internal/leak \
	  | grep --line-buffered -vE '^=== (RUN|PAUSE|CONT|NAME)'; exit $${PIPESTATUS[0]}

realdata: ## the importer and the data-set review over the files of REALDATA
	@test -f $(REALDATA)/DATA.md || { echo "make realdata: $(REALDATA)/DATA.md is missing; name the folder: make realdata REALDATA=DIR" >&2; exit 1; }
	CGO_ENABLED=0 REALDATA=$(abspath $(REALDATA)) $(GO) test -tags realdata -count=1 -timeout 30m -run RealData -v ./internal/realdata

oracle: ## N random searches compared with a slow reading of the stored views: make oracle N=1000000 SEED=21
	CGO_ENABLED=0 ORACLE=$(or $(N),20000) ORACLE_SEED=$(or $(SEED),1) $(GO) test -count=1 -timeout 0 -v ./internal/oracle

crash: ## N rounds of harm to server, database, disk and index on each database (N=200 SEED=2 ONLY="power lost")
	CGO_ENABLED=0 CRASH_N=$(or $(N),20) CRASH_SEED=$(or $(SEED),1) CRASH_ONLY="$(ONLY)" $(GO) test -count=1 -timeout 0 -run 'TestCrash|$(TRACES)' -v ./internal/crash

load: build ## searches and reads against the server that runs at LISTEN (start it with --requests-per-minute 0)
	bin/bid bench search --server http://$(LISTEN)

bench: ## Go benchmarks
	CGO_ENABLED=0 $(GO) test -run '^$$' -bench . -benchmem ./...

fuzz: ## ten seconds of each fuzz target
	@for pkg in $$($(GO) list ./...); do for f in $$($(GO) test -list '^Fuzz' $$pkg | grep ^Fuzz); do \
	  echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime 10s $$pkg || exit 1; done; done

lint: ## static checks
	$(GO) run $(LINT) run

assets: ## the style sheet and script of the pages, from internal/web/design/assets
	$(GO) generate ./internal/web/design

generate: ## generated files
	$(GO) generate ./...

check-generated: generate ## fails when a generated file differs from what is committed
	@git diff --exit-code --stat || { echo "generated files differ: run make generate and commit" >&2; exit 1; }
	@test -z "$$(git ls-files --others --exclude-standard)" || { echo "files not tracked:" >&2; git ls-files --others --exclude-standard >&2; exit 1; }

clean: ## remove what was built
	rm -rf bin
