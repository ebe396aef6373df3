# `make` lists the targets. Nothing here needs more than Go, make and git;
# `make race` wants a C compiler too and says so, `make peers` wants Python.

GO       ?= go
PKGS     ?= ./...
FUZZTIME ?= 10s
COUNT    ?= 6
JOBS     ?= 10000
SEED     ?= 1
BENCH    ?= .
OUT      ?= bin/bench.txt

TOOL = $(GO) tool -modfile=.ci/tools/go.mod
CI   = ./.ci/layers

.DEFAULT_GOAL := help
.PHONY: help build test race noasm fuzz soak conformance bench benchstat peers pipelines formats growth ortbench e2e release reproducible fixtures pictures generate \
        lint fmt vet staticcheck layers golangci vuln unchanged check clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

# Without the tags the command line's library brings a Markdown reader along,
# and Arrow's another reader of JSON, which nothing here calls and every start
# gets ready.
build: ## the program, static, in bin/yhat
	CGO_ENABLED=0 $(GO) build -trimpath -tags urfave_cli_no_docs,arrow_json_stdlib -o bin/yhat ./cmd/yhat

test: ## the tests
	$(GO) test -timeout 20m $(PKGS)

race: ## the tests under the race detector, laws with a fifth of the cases
	@if command -v "$$($(GO) env CC)" >/dev/null; then \
	  set -x; CGO_ENABLED=1 GORACE=atexit_sleep_ms=0 $(GO) test -race -short -timeout 30m $(PKGS); \
	else echo "race: skipped, the race detector needs a C compiler"; fi

noasm: ## the tests of the loops that have assembly, without it
	$(GO) build -tags noasm ./...
	$(GO) test -tags noasm ./nn/... ./io/table

fuzz: ## every fuzz target for FUZZTIME (10s)
	@GO=$(GO) .ci/fuzz $(FUZZTIME)

soak: ## JOBS (10000) random jobs against a slow reference, and as many damaged tables, from number SEED (1) on
	YHAT_SOAK=$(JOBS) YHAT_DAMAGE=$(JOBS) YHAT_SOAK_SEED=$(SEED) $(GO) test -count 1 -timeout 4h -run '^Test(Soak|Damage|Corpora)$$' -v ./cmd/yhat

conformance: ## what of ONNX is run, by operator, from YHAT_CONFORMANCE
	$(GO) test -count 1 -v -run '^TestONNXConformance$$' ./io/model

bench: ## the benchmarks, COUNT (6) times each, into OUT (bin/bench.txt)
	@mkdir -p $(dir $(OUT))
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) $(PKGS) > $(OUT).new || { cat $(OUT).new; exit 1; }
	mv $(OUT).new $(OUT)
	$(TOOL) benchstat $(OUT)

benchstat: ## compare OLD=file and NEW=file
	$(TOOL) benchstat $(OLD) $(NEW)

peers: build ## this program beside others, same files and model: fixtures/peers/README.md
	fixtures/peers/run

pipelines: build ## exports of scikit-learn, torch and Keras, scored by onnxruntime and here
	fixtures/peers/pipelines

formats: build ## what pyarrow and DuckDB write and read again, from every format into every format
	fixtures/peers/formats

growth: build ## time and memory against the number of rows
	fixtures/peers/growth

ortbench: ## the network's loops beside onnxruntime, in one process
	fixtures/peers/ortbench/run

e2e: build ## as operators run it: cron, systemd, Airflow, a container, pipelines: configs/e2e/README.md
	configs/e2e/run

release: ## archives for each platform, checksums, bill of materials and licences, in dist/
	.ci/release

reproducible: ## two builds in two places, one hash
	.ci/reproducible

fixtures: ## write the generated files of fixtures/ anew
	$(GO) run ./fixtures/gen

pictures: build ## the spirals' networks, learned anew, and the README's pictures
	fixtures/pictures/draw

generate: ## write the assembly anew from its generators
	$(GO) generate ./nn/internal/kernel/... ./io/table

lint: fmt vet staticcheck layers ## format, vet, staticcheck, the layers

fmt:
	@files=$$(git ls-files -co --exclude-standard '*.go' | xargs "$$($(GO) env GOROOT)/bin/gofmt" -l); \
	if [ -n "$$files" ]; then echo "not as gofmt has it:"; echo "$$files"; exit 1; fi

vet:
	$(GO) vet ./... $(CI)

staticcheck:
	$(TOOL) staticcheck ./... $(CI)

layers: ## imports point one way: .ci/layers/rules.go
	$(GO) test $(CI)
	$(GO) run $(CI)

golangci: ## the same rules and more by golangci-lint, which is large
	$(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run

vuln: ## known holes in what is linked
	$(TOOL) govulncheck ./...

unchanged: ## generated files are as their generators write them
	.ci/unchanged nn/internal/kernel -- $(GO) generate ./nn/internal/kernel
	.ci/unchanged io/table -- $(GO) generate ./io/table
	.ci/unchanged fixtures -- $(MAKE) -s fixtures

check: ## all that must hold before a commit
	.ci/check

clean: ## what the targets left
	rm -rf bin dist
