package cmd

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestIdempotency: a create that is repeated makes nothing twice, and shows its secret once.
func TestIdempotency(t *testing.T) {
	eachDatabase(t, func(t *testing.T, on kept) {
		p := on.start(t)
		const create = `mutation($name: String!, $key: String) { createApiKey(input: {friendlyName: $name, idempotencyKey: $key}) {
			secret apiKey { id friendlyName } apiKeyEdge { cursor node { id } } } }`
		made := p.as(owner).do(create, vars{"name": "deploy", "key": "k1"}).ok(t)
		id, secret := made.text("createApiKey", "apiKey", "id"), made.text("createApiKey", "secret")
		if len(secret) < 20 {
			t.Fatalf("no secret: %s", made.body)
		}
		again := p.as(owner).do(create, vars{"name": "deploy", "key": "k1"}).ok(t)
		if again.text("createApiKey", "apiKey", "id") != id || again.at("createApiKey", "secret") != nil || strings.Contains(again.body, secret) {
			t.Errorf("repeated: %s", again.body)
		}
		p.as(owner).do(create, vars{"name": "other", "key": "k1"}).refused(t, http.StatusOK, "CONFLICT")
		for name, other := range map[string]answer{
			"another principal":     p.as(administrator).do(create, vars{"name": "deploy", "key": "k1"}).ok(t),
			"another account":       p.as(secondOwner).do(create, vars{"name": "deploy", "key": "k1"}).ok(t),
			"another key":           p.as(owner).do(create, vars{"name": "deploy", "key": "k2"}).ok(t),
			"no key":                p.as(owner).do(create, vars{"name": "deploy"}).ok(t),
			"no key, a second time": p.as(owner).do(create, vars{"name": "deploy"}).ok(t),
		} {
			if other.text("createApiKey", "apiKey", "id") == id || other.text("createApiKey", "secret") == "" {
				t.Errorf("%s: %s", name, other.body)
			}
		}
		// The edge's cursor is one of the list: the key stands at the place that it names.
		edge := made.text("createApiKey", "apiKeyEdge", "cursor")
		list := p.as(owner).do(`{ account { apiKeys(first: 1000) { edges { cursor node { id } } } } }`, nil).ok(t)
		place := slices.Index(list.all("account", "apiKeys", "edges", "node", "id"), any(id))
		if place < 0 || list.text("account", "apiKeys", "edges", place, "cursor") != edge {
			t.Errorf("the new key stands at %d, and its cursor is not %s", place, edge)
		}
		p.as(owner).do(`mutation($id: ID!) { deleteApiKey(input: {id: $id}) { deletedApiKeyId } }`, vars{"id": id}).ok(t)
		p.as(owner).do(create, vars{"name": "deploy", "key": "k1"}).refused(t, http.StatusOK, "NOT_FOUND")
		if strings.Contains(p.stderr.String(), secret) {
			t.Error("the secret is in the log")
		}
	})
}
