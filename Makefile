# What is done often and is more than one command. Go alone is enough for: go run . and go test ./...

# The benchmarks, ready for benchstat: make bench | tee new.txt. FIELDGATE_TEST_REDIS_URL and
# FIELDGATE_TEST_POSTGRES_URL add a real Redis and a real Postgres.
COUNT ?= 6
.PHONY: bench
bench:
	go test -run '^$$' -bench . -count $(COUNT) -benchtime 1s ./auth/... ./internal/...

# The examples, against a gateway of their own. Needs Node 20 or newer.
.PHONY: examples
examples:
	examples/run.sh
