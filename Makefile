# Everything is one script; `make help` lists them. Nothing needs to be installed by hand but cargo.
.DEFAULT_GOAL := help
.PHONY: help build demo cluster cluster-stop test test-docker soak lint bench screenshots clean

help: ## this list
	@sed -n 's/^\([a-z-]*\): .*## \(.*\)/  make \1@\2/p' Makefile | column -t -s @

build: ## target/release/reelmill, with the page inside
	@scripts/build.sh

demo: ## a clip in four formats, by the HTTP API; VIDEO=path PORT=n DATA=folder, EXIT=1 to end when done
	@scripts/demo.sh

cluster: ## two webapps, two statuses, ENCODERS=3 over MariaDB, RabbitMQ, Swift and nginx; PORT=n
	@scripts/cluster.sh start

cluster-stop: ## ends it; what it holds stays
	@scripts/cluster.sh stop

test: ## everything: Rust, browser, real clients
	@scripts/test.sh

test-docker: ## docker-compose.yml, built and run for real; needs a Docker engine
	@scripts/test-docker.sh

soak: ## small jobs while everything breaks, ten minutes; SOAK_SECONDS=n SOAK_JOBS=n SOAK_SEED=n
	@scripts/soak.sh

lint: ## formatting, clippy, TypeScript
	@scripts/lint.sh

bench: ## speed and memory, into BENCHMARKS.md; ONLY=name for one of them
	@scripts/bench.sh

screenshots: ## the page's pictures in docs/
	@scripts/screenshots.sh

clean: ## what was built; data folders stay
	@[ ! -d target/cluster ] || scripts/cluster.sh stop
	@[ ! -d target/servers ] || scripts/servers.sh stop
	@rm -rf target .venv services/webapp/ui/dist services/webapp/ui/node_modules tests/browser/node_modules
