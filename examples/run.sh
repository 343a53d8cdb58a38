#!/usr/bin/env bash
# Runs the examples against a gateway of their own: all, or those that are named, as in `examples/run.sh apollo curl`.
# Needs Go, curl, and Node 20 or newer.
set -euo pipefail
cd "$(dirname "$0")"

for tool in go curl node npm; do
  command -v "$tool" >/dev/null || { echo "the examples need $tool" >&2; exit 1; }
done
if [ "$(node -p 'parseInt(process.versions.node)')" -lt 20 ]; then
  echo "the examples need Node 20 or newer; this is $(node --version)" >&2
  exit 1
fi

# Each example is whole by itself, so some files are there several times.
for name in apollo/src/{session,demo,denials}.ts apollo/.npmrc; do
  for copy in {urql,relay,graphql-request}/"${name#*/}"; do
    case $copy in relay/src/denials.ts | graphql-request/.npmrc) continue ;; esac # each has its own way
    cmp "$name" "$copy"
  done
done

scratch=$(mktemp -d)
gateway=
trap '[ -z "$gateway" ] || { kill "$gateway"; wait "$gateway" || true; }; rm -rf "$scratch"' EXIT
unset "${!FIELDGATE_@}"
(cd .. && go build -o "$scratch/fieldgate" .)
export FIELDGATE_DEMO_PASSWORD="of the examples \"$RANDOM\"" # the gateway reads it too
: >"$scratch/out"
"$scratch/fieldgate" --listen 127.0.0.1:0 --data "$scratch/data" >"$scratch/out" 2>"$scratch/err" &
gateway=$!
until FIELDGATE_URL=$(grep -oE 'http://[0-9.:]+/graphql' "$scratch/out" | head -n 1) && [ -n "$FIELDGATE_URL" ]; do
  kill -0 "$gateway" 2>/dev/null || { gateway=; cat "$scratch/err" >&2; exit 1; }
  sleep 0.1
done
export FIELDGATE_URL

install_and_start() { npm --prefix "$1" ci --prefer-offline --no-audit --no-fund && npm --prefix "$1" start; }

run() {
  case $1 in
    curl) curl/run.sh ;;
    apollo) install_and_start "$1" && node --test --test-reporter=tap session.test.mjs apollo.test.mjs ;;
    urql) install_and_start "$1" && node --test --test-reporter=tap urql.test.mjs ;;
    graphql-request) install_and_start "$1" && npm --prefix "$1" run roles ;;
    *) install_and_start "$1" ;;
  esac
}

[ $# -gt 0 ] || set -- curl apollo urql relay graphql-request
passed=0 failed=0
for name in "$@"; do
  if (run "$name") >"$scratch/log" 2>&1; then
    passed=$((passed + 1))
    grep -E '^([0-9]+|# pass) ' "$scratch/log" | sed "s/^# pass \(.*\)/\1 tests passed/; s/^/$name: /"
  else
    failed=$((failed + 1))
    cat "$scratch/log"
    echo "$name: failed"
  fi
done
printf '\nexamples: %s passed, %s failed, 0 skipped\n' "$passed" "$failed"
if [ "$failed" != 0 ]; then
  tail -n 20 "$scratch/err"
  exit 1
fi
