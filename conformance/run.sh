#!/usr/bin/env bash
# Runs what others have written to test servers of these protocols against a gateway of their own: all suites, or those that
# are named, as in `conformance/run.sh audit`. Needs Go, and Node 20 or newer.
set -euo pipefail
cd "$(dirname "$0")"

for tool in go node npm; do
  command -v "$tool" >/dev/null || { echo "the conformance suites need $tool" >&2; exit 1; }
done
if [ "$(node -p 'parseInt(process.versions.node)')" -lt 20 ]; then
  echo "the conformance suites need Node 20 or newer; this is $(node --version)" >&2
  exit 1
fi

scratch=$(mktemp -d)
gateway=
trap '[ -z "$gateway" ] || { kill "$gateway"; wait "$gateway" || true; }; rm -rf "$scratch"' EXIT
unset "${!FIELDGATE_@}"
(cd .. && go build -o "$scratch/fieldgate" .)
npm ci --prefer-offline --no-audit --no-fund --silent
export FIELDGATE_DEMO_PASSWORD="of the suites $RANDOM" # the gateway reads it too
: >"$scratch/out"
"$scratch/fieldgate" --listen 127.0.0.1:0 --data "$scratch/data" >"$scratch/out" 2>"$scratch/err" &
gateway=$!
until FIELDGATE_URL=$(grep -oE 'http://[0-9.:]+/graphql' "$scratch/out" | head -n 1) && [ -n "$FIELDGATE_URL" ]; do
  kill -0 "$gateway" 2>/dev/null || { gateway=; cat "$scratch/err" >&2; exit 1; }
  sleep 0.1
done
export FIELDGATE_URL

[ $# -gt 0 ] || set -- audit sse
failed=0
for suite in "$@"; do
  node "$suite.mjs" || failed=$((failed + 1))
done
if [ "$failed" != 0 ]; then
  tail -n 20 "$scratch/err" >&2
  echo "$failed of $# suites failed" >&2
  exit 1
fi
