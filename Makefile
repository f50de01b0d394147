# The front door. Each target is one script or one line; nothing is built by make itself.
.DEFAULT_GOAL := help
.PHONY: help install-deps build demo cluster test unit integration tsan fuzz bench fmt lint clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install-deps: ## install by apt what is missing on Debian 12
	@scripts/install-deps.sh

build: ## release binary: build/bin/kafkaproxy
	@scripts/build.sh release kafkaproxy

demo: install-deps build ## the main job on a real three-broker Kafka, on this machine
	@scripts/demo.sh

cluster: install-deps build ## that Kafka alone, until Ctrl-C: to try a configuration
	@scripts/kafka-jars.sh
	@python3 tests/support/kafka_cluster.py up --no-netns

test: ## everything, as CI runs it: install, build, unit and integration tests, lint
	@scripts/test.sh

unit: ## unit tests under ASan and UBSan
	@scripts/unit.sh asan

integration: ## tests with real brokers and clients; ARGS='-k sni' goes to pytest
	@scripts/build.sh asan kafkaproxy
	@scripts/integration.sh asan $(ARGS)

tsan: ## unit and integration tests under TSan
	@scripts/unit.sh tsan
	@scripts/integration.sh tsan $(ARGS)

fuzz: ## each fuzz target for SECONDS (60)
	@scripts/fuzz.sh $(SECONDS)

bench: ## latency and memory of the release binary beside a bare relay
	@scripts/bench.sh $(ARGS)

fmt: ## format the C++ sources
	@scripts/lint.sh fix

lint: ## format, shell scripts, direction of includes, sizes
	@scripts/lint.sh

clean: ## remove every build folder
	rm -rf build build-asan build-clang build-fuzz build-tsan
