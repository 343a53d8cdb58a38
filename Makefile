# The pages and their tests in a browser. All else is Go's own: go run ., go test ./...
.PHONY: web e2e

web: # builds web/dist anew; needs Node 20.19 or later
	cd web && npm ci --no-audit --no-fund && npm run check && npm test && npm run build

e2e: # needs Chromium
	go test -tags e2e -count 1 -run '^TestBrowser' $(ARGS) ./internal/cmd
