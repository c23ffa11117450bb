# Roost. The first run installs what is missing (system packages, Go modules, Kubo).

EXE   := $(if $(filter Windows_NT,$(OS)),.exe)
IPFS  := bin/ipfs$(EXE)
CLUSTER := bin/ipfs-cluster-service$(EXE)
LD    := -s -w
KIT   := amd64 arm64
GUI   := $(if $(EXE), -H=windowsgui)

# A folder for the demo, exactly as it was typed: spaces, quotes and dollar signs included.
override export FOLDER := $(value FOLDER)

# Is there a screen to open a window on?
SCREEN := $(strip $(EXE) $(filter Darwin,$(shell uname)) $(DISPLAY) $(WAYLAND_DISPLAY))

# All of the repository is tested in one go: with `ci` Fyne draws in memory, so the window's code too
# compiles and runs without a display and without GL. One test builds the program itself and runs it under
# Xvfb; the first time, its GL takes a minute or two.
TEST_TAGS := ci,no_glfw

# Git answers nothing about a checkout that belongs to somebody else, such as a folder mounted into a
# container; Go stops there unless it is told not to ask.
ifneq ($(shell git rev-parse HEAD >/dev/null 2>&1 || echo refused),)
export GOFLAGS := $(strip $(shell go env GOFLAGS 2>/dev/null) -buildvcs=false)
endif

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: $(if $(SCREEN),window,demo) ## Open Roost; without a display: the demo in the terminal

.PHONY: window
window: build
	bin/roost$(EXE)

.PHONY: demo
demo: headless $(IPFS) ## Back up, lose and recover a sample folder, or FOLDER=~/Documents
	@case $$FOLDER in "~" | "~/"*) FOLDER=$$HOME$${FOLDER#"~"} ;; esac; \
	bin/roost-headless$(EXE) demo $${FOLDER:+"$$FOLDER"}

.PHONY: test
test: deps-test $(IPFS) $(CLUSTER) ## Run all tests, against a real Kubo
	ROOST_IPFS="$(CURDIR)/$(IPFS)" ROOST_CLUSTER="$(CURDIR)/$(CLUSTER)" packaging/test.sh \
		-race -p 2 -timeout 60m $(if $(CI),-count=1) -tags $(TEST_TAGS) ./...

.PHONY: soak
soak: deps-test $(IPFS) $(CLUSTER) ## Run all tests with their long harnesses, for hours
	ROOST_SOAK=1 ROOST_IPFS="$(CURDIR)/$(IPFS)" ROOST_CLUSTER="$(CURDIR)/$(CLUSTER)" packaging/test.sh \
		-race -p 1 -timeout 24h -count=1 -tags $(TEST_TAGS) ./...

.PHONY: bench
bench: headless $(IPFS) ## Compare with restic and kopia where they are installed; BENCH="-scale 0.1" is quick
	packaging/bench.sh $(BENCH)

.PHONY: gobench
gobench: deps-test $(IPFS) ## Run the benchmarks of the packages
	ROOST_IPFS="$(CURDIR)/$(IPFS)" packaging/gobench.sh -tags $(TEST_TAGS)

.PHONY: screenshots
screenshots: deps-headless ## Draw every screen into dist/screenshots: light and dark, 1x and 2x
	ROOST_SCREENSHOTS="$(CURDIR)/dist/screenshots" go test -count=1 -tags no_glfw,screenshots -run Screenshots ./ui

.PHONY: build
build: deps-build $(IPFS) ## Build bin/roost, and Kubo beside it
	@echo "Building bin/roost. The first time this takes a few minutes."
	go build -trimpath -tags accessibility -ldflags "$(LD)$(GUI)" -o bin/roost$(EXE) ./app

.PHONY: headless
headless: deps-headless ## Build bin/roost-headless, for servers: no window, no GL, no X11
	go build -trimpath -tags headless -ldflags "$(LD)" -o bin/roost-headless$(EXE) ./app

.PHONY: kit
kit: $(KIT:%=bin/kit/ipfs-%) $(KIT:%=bin/kit/roost-node-%) ## Build what another machine needs to be a storage into bin/kit
	cd bin/kit && $$(command -v sha256sum || echo shasum -a 256) ipfs-* roost-node-* > SHA256SUMS
	@echo "Now: bin/roost node kit --out DIR --platform pi|server|nas"

.PHONY: check
check: deps-check headless ## Check format, vet, staticcheck, known vulnerabilities, other systems
	packaging/check.sh

.PHONY: fmt
fmt: deps-go ## Format the source
	go tool -modfile=packaging/tools/go.mod gofumpt -w .

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin dist

# Kubo has a module of its own: its versions must not move with ours.
$(IPFS): packaging/kubo/go.mod packaging/kubo/go.sum | deps-go
	@echo "Building Kubo, the storage Roost runs. The first time this takes five minutes or so."
	cd packaging/kubo && CGO_ENABLED=0 go build -trimpath -ldflags "$(LD)" -o "$(CURDIR)/$@" github.com/ipfs/kubo/cmd/ipfs
	@touch $@

# IPFS Cluster, for the tests: whoever has a cluster runs their own.
$(CLUSTER): packaging/cluster/go.mod packaging/cluster/go.sum | deps-go
	@echo "Building IPFS Cluster, which tests run against. The first time this takes five minutes or so."
	cd packaging/cluster && CGO_ENABLED=0 go build -trimpath -ldflags "$(LD)" -o "$(CURDIR)/$@" github.com/ipfs-cluster/ipfs-cluster/cmd/ipfs-cluster-service
	@touch $@

# The same Kubo for the machines of the node kit, all of Linux; and the program that keeps its keys.
bin/kit/ipfs-%: packaging/kubo/go.mod packaging/kubo/go.sum | deps-go
	@echo "Building Kubo for $*. The first time this takes five minutes or so."
	cd packaging/kubo && GOOS=linux GOARCH=$* CGO_ENABLED=0 go build -trimpath -ldflags "$(LD)" -o "$(CURDIR)/$@" github.com/ipfs/kubo/cmd/ipfs
	@touch $@

.PHONY: $(KIT:%=bin/kit/roost-node-%)
$(KIT:%=bin/kit/roost-node-%): bin/kit/roost-node-%: | deps-go
	GOOS=linux GOARCH=$* CGO_ENABLED=0 go build -trimpath -ldflags "$(LD)" -o $@ ./packaging/roost-node

.PHONY: deps-go deps-headless deps-build deps-test deps-check
deps-go:
	@packaging/go-version.sh
deps-headless deps-build deps-test deps-check: deps-%: deps-go
	@packaging/deps.sh $*
