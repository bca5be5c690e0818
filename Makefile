# `make` alone lists the targets. Every one works in a fresh clone with Go, and npm's client for the ClickHouse engine library.

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GO          ?= go
ARGS        ?=

.DEFAULT_GOAL := help
.PHONY: help run test bench build schemas lint reset

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  make run DATA=path/to/file   imports Online Retail (.xlsx, .csv or .tar.gz) instead of simulating'
	@echo "  make run ARGS='-orders 5000' flags of cmd/dev; THROUGHLINE_… set addresses (compose/config.yaml lists every key)"

# Built first and then replaced by exec, because `go run` passes no SIGTERM on and would leave the system running.
run: ## run everything embedded on loopback; data stays in .throughline/
	@$(GO) build -o bin/throughline ./compose/cmd/throughline
	@$(GO) build -o bin/dev ./compose/cmd/dev
	@DATA='$(DATA)' exec bin/dev $(ARGS)

test: ## run all tests, the real-Kafka suites included where Java and Maven are
	@# One package after the other: several start brokers and engines of their own, and two cores are two cores.
	@$(GO) test ./... -p 1 -count=1 -timeout 30m $(TESTFLAGS)

bench: ## measure, and print the table that the README quotes
	@$(GO) build -o bin/bench ./compose/cmd/bench
	@exec bin/bench $(ARGS)

build: ## build bin/throughline
	$(GO) build -o bin/throughline ./compose/cmd/throughline

schemas: ## generate the events' structs and codec from the .avsc files
	$(GO) run ./schemas/gen

lint: ## check formatting, generated code, go vet and staticcheck
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not formatted, run gofmt -w on:" $$unformatted; exit 1; }
	$(GO) run ./schemas/gen -check
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

reset: ## delete the embedded system's data
	rm -rf .throughline
