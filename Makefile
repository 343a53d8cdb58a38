# What is done often and is more than one command. Go alone is enough for: go run . and go test ./...

# The benchmarks, ready for benchstat: make bench | tee new.txt. FIELDGATE_TEST_REDIS_URL and
# FIELDGATE_TEST_POSTGRES_URL add a real Redis and a real Postgres.
COUNT ?= 6
.PHONY: bench
bench:
	go test -run '^$$' -bench . -count $(COUNT) -benchtime 1s ./auth/... ./internal/...

# What the gateway is made of beside other GraphQL servers, on the comparison in the folder PEERS, which has a run.mjs: once
# with leased sessions, once with a GET of Redis for each request. PEER_ARGS is for run.mjs. What it writes,
# PEERS/run/results.json, bench/peer/table.mjs makes the table of docs/performance.md of.
PEER_ARGS ?= --peers gqlgen-bare,gqlgen-textbook,mercurius-auth,yoga-genericauth,static-auth
.PHONY: peers
peers:
	@test -f "$(PEERS)/run.mjs" || { echo 'say where the comparison is: make peers PEERS=/path/to/its/folder' >&2; exit 1; }
	go build -o bench/peer/peer ./bench/peer
	cd "$(PEERS)" && node run.mjs $(PEER_ARGS) \
	  --extra-cmd 'fieldgate=env GOMEMLIMIT=32MiB $(CURDIR)/bench/peer/peer' --extra-cmd 'fieldgate-get=env GOMEMLIMIT=32MiB SESSION_LEASE=0 $(CURDIR)/bench/peer/peer'

# The examples, against a gateway of their own. Needs Node 20 or newer.
.PHONY: examples
examples:
	examples/run.sh

# The protocols, by suites that others have written, against a gateway of its own. Needs Node 20 or newer.
.PHONY: conformance
conformance:
	conformance/run.sh

# The pages and their tests in a browser.
.PHONY: web e2e

web: # builds web/dist anew; needs Node 20.19 or later
	cd web && npm ci --no-audit --no-fund && npm run check && npm test && npm run build

e2e: # needs Chromium
	go test -tags e2e -count 1 -run '^TestBrowser' $(ARGS) ./internal/cmd

# What the gateway does while Redis, Postgres or itself fails; with a real Redis and Postgres, which it starts itself.
.PHONY: faults
faults:
	go test -tags faults -count 1 -timeout 30m -v -run '^Test(Long)?Faults' $(ARGS) ./internal/cmd

# A profile by which go build optimises the gateway (https://go.dev/doc/pgo): default.pgo, which is not committed. See CONTRIBUTING.md.
.PHONY: pgo
pgo:
	go test ./internal/cmd -run '^$$' -bench '^BenchmarkGateway$$' -benchtime 5s -cpuprofile $(CURDIR)/default.pgo -o $(CURDIR)/cmd.test
	rm $(CURDIR)/cmd.test
