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
for name in apollo/src/{session,demo,denials}.ts apollo/{.npmrc,session.documents.json}; do
  for copy in {urql,relay,graphql-request}/"${name#*/}"; do
    case $copy in relay/src/denials.ts | graphql-request/.npmrc | urql/session.documents.json) continue ;; esac # each has its own way
    cmp "$name" "$copy"
  done
done
cmp {apollo,relay}/src/socket.ts
cmp {urql,graphql-request}/src/stream.ts

scratch=$(mktemp -d)
gateways=()
stop() { for pid in "${gateways[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" || true; done; gateways=(); }
trap 'stop; rm -rf "$scratch"' EXIT
unset "${!FIELDGATE_@}"
(cd .. && go build -o "$scratch/fieldgate" .)
export FIELDGATE_DEMO_PASSWORD="of the examples \"$RANDOM\"" # the gateway reads it too

# Starts a gateway with a data folder of its own and these further arguments, and has the programs find it.
serve() {
  local out=$scratch/$1.out err=$scratch/$1.err gateway
  : >"$out"
  "$scratch/fieldgate" --listen 127.0.0.1:0 --data "$scratch/$1" --demo-events 200ms "${@:2}" >"$out" 2>"$err" &
  gateway=$!
  gateways+=("$gateway")
  until FIELDGATE_URL=$(grep -oE 'http://[0-9.:]+/graphql' "$out" | head -n 1) && [ -n "$FIELDGATE_URL" ]; do
    kill -0 "$gateway" 2>/dev/null || { cat "$err" >&2; exit 1; }
    sleep 0.1
  done
  export FIELDGATE_URL
}
serve data

# Runs an example's program against a gateway that runs these documents and nothing else.
trusted() (
  local files=()
  for file in "${@:2}" session.documents.json; do files+=(--documents "$1/$file"); done
  gateways=()
  trap stop EXIT
  serve "$1" --documents-mode only --graphiql off "${files[@]}"
  npm --prefix "$1" run trusted
)

install_and_start() { npm --prefix "$1" ci --prefer-offline --no-audit --no-fund && npm --prefix "$1" start; }

run() {
  case $1 in
    curl) curl/run.sh ;;
    apollo)
      install_and_start "$1" && node --test --test-reporter=tap session.test.mjs apollo.test.mjs &&
        npm --prefix "$1" run automatic && npm --prefix "$1" run manifest && trusted "$1" persisted-query-manifest.json
      ;;
    urql) install_and_start "$1" && node --test --test-reporter=tap urql.test.mjs stream.test.mjs && npm --prefix "$1" run automatic ;;
    relay) install_and_start "$1" && npm --prefix "$1" run persist && trusted "$1" persisted-queries.json ;;
    graphql-request) install_and_start "$1" && npm --prefix "$1" run roles && trusted "$1" src/generated/persisted-documents.json ;;
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
  tail -n 20 "$scratch"/*.err
  exit 1
fi
