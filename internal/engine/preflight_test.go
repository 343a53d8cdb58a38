package engine_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestPreflight: what a browser sends for a page of another site without asking first is not served, by whatever method.
func TestPreflight(t *testing.T) {
	for _, row := range []struct {
		name   string
		method string
		header http.Header
		served bool
	}{
		{"a link, an image, a script", "GET", nil, false},
		{"fetch without anything", "GET", http.Header{"Accept": {"application/json"}, "Accept-Language": {"en"}}, false},
		{"an EventSource", "GET", http.Header{"Accept": {"text/event-stream"}}, false},
		{"a type that needs no asking", "GET", http.Header{"Content-Type": {"text/plain"}}, false},
		{"a form's type", "GET", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, false},
		{"a type that is none", "GET", http.Header{"Content-Type": {"application/json; charset"}}, false},
		{"two types in one", "GET", http.Header{"Content-Type": {"text/plain, application/json"}}, false},
		{"the password that a browser remembers", "GET", http.Header{"Authorization": {"Basic YTpi"}}, false},
		{"the login of an intranet", "GET", http.Header{"Authorization": {"Negotiate YTpi"}}, false},
		{"a Bearer in the middle", "GET", http.Header{"Authorization": {"Basic Bearer"}}, false},
		{"an empty header", "GET", http.Header{"Graphql-Require-Preflight": {""}}, false},
		{"a cookie", "GET", http.Header{"Cookie": {"GraphQL-Require-Preflight=1"}}, false},
		{"GraphQL-Require-Preflight", "GET", http.Header{"Graphql-Require-Preflight": {"1"}}, true},
		{"Apollo-Require-Preflight", "GET", http.Header{"Apollo-Require-Preflight": {"true"}}, true},
		{"X-Apollo-Operation-Name", "GET", http.Header{"X-Apollo-Operation-Name": {"Hello"}}, true},
		{"a type that needs asking", "GET", http.Header{"Content-Type": {"application/json"}}, true},
		{"a token", "GET", http.Header{"Authorization": {"bearer x"}}, true},

		{"a form", "POST", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, false},
		{"a form with files", "POST", http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, false},
		{"a form of text", "POST", http.Header{"Content-Type": {"text/plain"}}, false},
		{"a beacon without a type", "POST", nil, false},
		{"a form that says what it is not", "POST", http.Header{"Content-Type": {"text/plain; application/json"}, "Graphql-Require-Preflight": {"1"}}, false},
		{"JSON", "POST", http.Header{"Content-Type": {"application/json"}}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest(row.method, "/graphql?query=%7Bhello%7D", nil)
			if row.method == http.MethodPost {
				r = httptest.NewRequest(row.method, "/graphql", strings.NewReader(`{"query":"{ hello }"}`))
			}
			for name, values := range row.header {
				r.Header[name] = values
			}
			w := httptest.NewRecorder()
			g := gatewayFor(t, guest())
			g.handler.ServeHTTP(w, r)
			text := w.Body.String()
			if row.served != (w.Code == http.StatusOK) || row.served != strings.Contains(text, "⟦Query.hello⟧") {
				t.Errorf("%d %s", w.Code, text)
			}
			if !row.served && (!strings.Contains(text, `"BAD_REQUEST"`) || row.method == "GET" && !strings.Contains(text, "GraphQL-Require-Preflight")) {
				t.Errorf("it does not say why: %s", text)
			}
		})
	}
}
