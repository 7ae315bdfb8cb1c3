# make demo shows the main job in a browser; make test proves the whole tree.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS  = -s -w $(if $(VERSION),-X main.version=$(VERSION))
LINT     = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: demo build test lint bench peers chart fuzz eval baseline train clean

# A community and its staff room on http://127.0.0.1:8086, with no account,
# token or network. Ctrl-C ends it.
demo: build
	@bin/waymark demo

# One static file for this machine's system: bin/waymark.
build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/waymark ./cmd/waymark

# Everything, with the race detector, a real browser and a real PostgreSQL.
# What is missing is installed where that is allowed; else it says what is
# skipped.
test:
	@sh scripts/tools.sh
	$(GO) vet ./...
	$(GO) test $$([ "$$($(GO) env CGO_ENABLED)" = 0 ] || echo -race) -timeout 40m ./...

# The import rules of the house, and what a careful reader would catch.
lint:
	$(GO) run $(LINT) run

# What each part takes, then the detector beside its peers.
bench: peers
	$(GO) test -run '^$$' -bench . -benchmem ./...

# The detector beside what others use to find phrases: the same messages, the
# same phrases, one run. A module of its own keeps the others out of the program.
PEERS = internal/detect/peers
peers:
	@cd $(PEERS) && $(GO) test . && $(GO) run . bench

# Draws docs/pictures/recall.svg: what is found, against alerts on harmless
# messages; on real chat where the shared files are present.
chart:
	@cd $(PEERS) && $(GO) run . chart -o $(CURDIR)/docs/pictures/recall.svg $(if $(wildcard $(EVAL)/benign),-benign $(abspath $(EVAL))/benign)

# Each fuzz test for FUZZTIME; the seeds alone run with every make test.
FUZZTIME ?= 30s
fuzz:
	@set -e; grep -rl --include='*_test.go' '^func Fuzz' . | while read -r file; do \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$$(dirname "$$file")"; \
		done; \
	done

# How well the detector does, on the project's own texts and on the shared ones
# where they are present. make baseline takes the figures as those that CI holds.
EVAL ?= $(or $(WAYMARK_SHARED),../shared)/eval
eval:
	@$(GO) run ./internal/quality/eval $(if $(wildcard $(EVAL)),-shared $(EVAL))

baseline:
	@$(GO) run ./internal/quality/eval -write internal/quality/baseline.json

# Trains the learned reader on its texts again: the same texts, the same file.
train:
	$(GO) generate ./internal/classify

clean:
	rm -rf bin
