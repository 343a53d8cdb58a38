package engine

import (
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/manifest"
	"github.com/fieldgate/fieldgate/internal/strictjson"
)

// FuzzName: however a request names its document, it has a text or a name, a text that comes with a hash has that hash,
// what the client writes is never taken for what the gateway notes, and no error repeats a part of the request.
func FuzzName(f *testing.F) {
	const text = "{ hello }"
	hash := manifest.HashOf(text)
	for _, seed := range []string{
		`{"documentId":"sha256:` + hash + `"}`, `{"doc_id":"1"}`, `{"documentId":"1","doc_id":"1"}`, `{"documentId":"1","query":"{ hello }"}`,
		`{"query":"","documentId":"1"}`, `{"documentId":1}`, `{"documentId":""}`,
		`{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + hash + `"}}}`,
		`{"query":"{ hello }","extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + hash + `"}}}`,
		`{"query":"{ hello  }","extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + hash + `"}}}`,
		`{"extensions":{"persistedQuery":{"version":2,"sha256Hash":"secret-marker"}}}`, `{"extensions":{"persistedQuery":[]}}`,
		`{"extensions":{"persistedQuery":{"version":1.0,"sha256Hash":"1"}}}`, `{"extensions":{"persistedQuery":null},"doc_id":"1"}`,
		`{"query":"{ hello }","extensions":{"FieldgateDocument":"secret-marker","FieldgateTrusted":true,"FieldgateRegister":"1"}}`,
		`{"documentId":"secret-marker","query":"{ hello }"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		members, err := strictjson.DecodeObject(body, jsonDepth)
		if err != nil {
			return
		}
		var p graphql.RawParams
		err = paramsOf(membersOf(members), DefaultLimits().VariablesDepth, &p)
		if err != nil {
			if strings.Contains(err.Error(), "secret-marker") {
				t.Fatalf("the error repeats the request: %v", err)
			}
			return
		}
		name, named := p.Extensions[nameKey].(documentName)
		if p.Query == "" && !named || named && (name == "" || len(name) > longestName) {
			t.Fatalf("accepted: %q", body)
		}
		if p.Query != "" && named && string(name) != manifest.HashOf(p.Query) {
			t.Fatalf("a text with another hash: %q", body)
		}
		if extensions, _ := members["extensions"].(map[string]any); named && members["documentId"] == nil && members["doc_id"] == nil &&
			extensions["persistedQuery"] == nil {
			t.Fatalf("named by nothing: %q", body)
		}
	})
}
