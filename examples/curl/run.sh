#!/bin/sh
# A developer of the demo account at work with curl, while the owner changes their roles. Needs curl and sed alone.
set -eu

url=${FIELDGATE_URL:-http://127.0.0.1:8080/graphql}
: "${FIELDGATE_DEMO_PASSWORD:?is not set: \`go run .\` prints the password when it starts}"
password=$(printf '%s' "$FIELDGATE_DEMO_PASSWORD" | sed 's/[\\"]/\\&/g')
answer=$(mktemp) events=$(mktemp)
trap 'rm -f "$answer" "$events"' EXIT
checks=0

# ask TOKEN BODY sends an operation as the bearer of TOKEN, or as a guest when it is empty. The answer goes to a file and
# its HTTP status to $status. What is secret is not on curl's command line, which every user of the machine can read.
ask() {
  status=$(curl -sS "$url" -o "$answer" -w '%{http_code}' -H @/dev/fd/3 --data-binary @- 3<<HEADERS <<BODY
Content-Type: application/json
Accept: application/graphql-response+json, application/json;q=0.9
Authorization:${1:+ Bearer $1}
HEADERS
$2
BODY
  )
}

# follow TOKEN starts a subscription to calls, and prints the stream of events.
follow() {
  curl -sN --max-time 120 "$url" -H @/dev/fd/3 --data-binary @- 3<<HEADERS <<'BODY'
Content-Type: application/json
Accept: text/event-stream
Authorization: Bearer $1
HEADERS
{"query": "subscription { productLogs(kinds: [CALL]) { ... on Call { status price { amount } } } }"}
BODY
}

# field NAME prints the text of that name in the answer, the last if there are several.
field() { sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p' "$answer"; }

# check WHAT STATUS TEXT ends the script unless the answer has that status and that text.
check() {
  if [ "$status" != "$2" ] || ! grep -qF -- "$3" "$answer"; then
    printf '  ✗ %s: got %s, want %s with %s\n' "$1" "$status" "$2" "$3"
    exit 1
  fi
  checks=$((checks + 1))
  printf '  ✓ %s: %s\n' "$1" "$status"
}

step() { printf '\n%s\n' "$1"; }

sign_in() {
  ask '' '{"query": "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken } }",
    "variables": {"input": {"email": "'"$1"'", "password": "'"$password"'"}}}'
}

refresh() {
  ask '' '{"query": "mutation ($token: String!) { refreshSession(input: {refreshToken: $token}) { accessToken refreshToken } }",
    "variables": {"token": "'"$1"'"}}'
}

set_roles() {
  ask "$owner" '{"query": "mutation ($input: SetUserRolesInput!) { setUserRoles(input: $input) { user { roles } } }",
    "variables": {"input": {"userId": "'"$user"'", "roles": ["'"$1"'"]}}}'
}

step 'Sign in'
sign_in developer@example.com
token=$(field accessToken) refresh_token=$(field refreshToken)
ask "$token" '{"query": "{ viewer { email roles } }"}'
check 'the session is the developer'\''s' 200 '"email":"developer@example.com"'

step 'Query a list, page by page'
list='query ($after: String) { account { apiKeys(first: 2, after: $after) { edges { node { id } } pageInfo { endCursor } } } }'
ask "$token" '{"query": "'"$list"'"}'
check 'the first page' 200 '"endCursor":"'
first=$(field endCursor)
ask "$token" '{"query": "'"$list"'", "variables": {"after": "'"$first"'"}}'
check 'the second page' 200 '"endCursor":"'
[ "$(field endCursor)" != "$first" ] || { echo '  ✗ the second page is the first'; exit 1; }

step 'Be denied fields of Billing'
calls='calls(first: 1, status: COMPLETED) { edges { node { status price { amount } } } }'
ask "$token" '{"query": "{ account { balance { amount } '"$calls"' } }"}'
check 'the rest of the answer is there' 200 '"node":{"status":"COMPLETED","price":null}'
check 'each null is explained, by its path' 200 '"path":["account","calls","edges",0,"node","price"]'
check 'with the permission that is lacking' 200 '"permission":"BILLING_HISTORY_AND_SETTINGS"'

step 'The owner signs in, and makes the developer one of support'
sign_in owner@example.com
owner=$(field accessToken)
ask "$owner" '{"query": "{ account { users(first: 1, email: \"developer@example.com\") { edges { node { id } } } } }"}'
user=$(field id)
set_roles SUPPORT
check 'the role is changed' 200 '"roles":["SUPPORT"]'
trap 'set_roles DEVELOPER; rm -f "$answer" "$events"' EXIT

step 'Refresh, when a request is answered with 401'
ask "$token" '{"query": "{ viewer { roles } account { apiKeys { edges { node { id } } } } }"}'
check 'the token is refused' 401 '"code":"UNAUTHENTICATED"'
refresh "$refresh_token"
token=$(field accessToken) refresh_token=$(field refreshToken)
ask "$token" '{"query": "{ viewer { roles } account { apiKeys { edges { node { id } } } } }"}'
check 'the new one holds the new roles' 200 '"roles":["SUPPORT"]'
check 'so the list is denied' 200 '"account":{"apiKeys":null}'

step 'Follow the logs by Server-Sent Events'
follow "$token" | sed -n '/^data: ./{s/^data: //p;q;}' >"$answer" # the first, which ends the stream
status=event
check 'what is logged comes by itself' event '"productLogs":{"status":"'
check 'its price is denied to one of support' event '"path":["productLogs","price"]'
follow "$token" >"$events" &
follower=$!
until grep -q '^data: .' "$events"; do kill -0 "$follower"; sleep 1; done
set_roles DEVELOPER
trap 'rm -f "$answer" "$events"' EXIT
wait "$follower"
sed -n 's/^data: \(.\)/\1/p' "$events" | tail -n 1 >"$answer"
status=event
check 'when the roles change its last event says that the token is out of date' event '"code":"UNAUTHENTICATED"'

step 'Make an API key, and delete it'
refresh "$refresh_token"
token=$(field accessToken) refresh_token=$(field refreshToken)
ask "$token" '{"query": "mutation { createApiKey(input: {friendlyName: \"curl example\"}) { apiKey { id } secret } }"}'
check 'its secret is shown, this once' 200 '"secret":"'
key=$(field id)
ask "$token" '{"query": "mutation ($id: ID!) { deleteApiKey(input: {id: $id}) { deletedApiKeyId } }",
  "variables": {"id": "'"$key"'"}}'
check 'and it is gone' 200 '"deletedApiKeyId":"'"$key"'"'

step 'Be denied a mutation'
ask "$token" '{"query": "mutation { signOut { endedSessionId } endSession(input: {sessionId: \"any\"}) { endedSessionId } }"}'
check 'nothing of it is done, and there is no data' 403 '{"errors":[{"message":"Mutation.endSession needs'

step 'Sign out'
ask "$token" '{"query": "mutation { signOut { endedSessionId } }"}'
check 'the session ends' 200 '"endedSessionId":"'
refresh "$refresh_token"
check 'and cannot be refreshed' 200 '"code":"UNAUTHENTICATED"'
ask "$owner" '{"query": "mutation { signOut { endedSessionId } }"}'

printf '\n%s checks passed\n' "$checks"
