# The front door. Each target is one script or one line; nothing is built by make itself.
.DEFAULT_GOAL := help
.PHONY: help install-deps build demo cluster test unit integration operator e2e image manifests tsan fuzz soak bench bench-operator fmt lint clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install-deps: ## install by apt what is missing on Debian 12
	@scripts/install-deps.sh

build: ## release binaries: build/bin/kafkaproxy, build/bin/kafkaproxy-operator
	@scripts/build.sh release kafkaproxy kafkaproxy-operator

demo: install-deps ## the main job on a real three-broker Kafka, on this machine
	@scripts/build.sh release kafkaproxy
	@scripts/demo.sh

cluster: install-deps ## that Kafka alone, until Ctrl-C: to try a configuration
	@scripts/build.sh release kafkaproxy
	@scripts/kafka-jars.sh
	@python3 tests/support/kafka_cluster.py up --no-netns --topic orders

test: ## everything, as CI runs it: install, build, lint, every suite
	@scripts/test.sh

unit: ## unit tests under ASan and UBSan
	@scripts/unit.sh asan

integration: ## tests with real brokers and clients; ARGS='-k sni' goes to pytest
	@scripts/build.sh asan kafkaproxy
	@scripts/integration.sh asan $(ARGS)

operator: ## tests of the operator, its chart and definition on a real control plane; ARGS='-k crd' goes to pytest
	@scripts/operator-tests.sh asan $(ARGS)

e2e: ## the operator and its proxies on a real Kubernetes node; ARGS go to pytest
	@scripts/e2e.sh $(ARGS)

image: build ## root file systems of both images: build/images
	@scripts/image.sh kafkaproxy
	@scripts/image.sh kafkaproxy-operator

manifests: ## what is derived from the chart and the definition: deploy/operator.yaml and more
	@scripts/k8s-binaries.sh helm
	@scripts/manifests.sh

tsan: ## unit and integration tests under TSan
	@scripts/unit.sh tsan
	@scripts/integration.sh tsan $(ARGS)

fuzz: ## each fuzz target for SECONDS (60)
	@scripts/fuzz.sh $(SECONDS)

soak: ## 1,000 reloads under load, 200 kills within reloads, 100 of HTTP with a log, 10,000 idle clients; 10 M records
	@scripts/build.sh release kafkaproxy
	@KP_RELOADS=1000 KP_KILLS=200 KP_LOG_KILLS=100 KP_HTTP_IDLE=10000 scripts/integration.sh release -k 'under_load or kill or idle'
	@scripts/virtual-soak.sh

bench: ## the release binary beside bare relays, nginx and HAProxy; its reloads; ARGS go to scripts/bench.sh
	@scripts/bench.sh $(ARGS)

bench-operator: ## from an edit to a fleet that runs it, 1,000 KafkaProxies and more; ARGS='--only leader' goes to it
	@scripts/bench-operator.sh $(ARGS)

fmt: ## format the C++ sources
	@scripts/lint.sh fix

lint: ## format, shell scripts, direction of includes, sizes
	@scripts/lint.sh

clean: ## remove every build folder
	rm -rf build build-asan build-clang build-fuzz build-tsan
