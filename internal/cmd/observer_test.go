package cmd

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestRequestLog: at the level debug there is a line for each request, which tells how it went and not what was asked.
func TestRequestLog(t *testing.T) {
	p := startDemo(t, "--log-level", "debug")
	who := p.signIn(support)
	a := who.do(`query Named { viewer { email } }`, nil).ok(t)
	refused := client{p: p, access: "badtoken"}.try(`{ __typename }`, nil)
	p.stop()
	var lines []string
	for line := range strings.Lines(p.stderr.String()) {
		if strings.Contains(line, `"msg":"a request was answered"`) {
			lines = append(lines, line)
		}
	}
	if len(lines) != 3 {
		t.Fatalf("%d lines for 3 requests: %q", len(lines), lines)
	}
	for i, want := range [][]string{
		{`"operation":"mutation","status":200,"refused":""`},
		{`"operation":"query","status":200,"refused":""`, `"requestId":"` + a.header.Get("X-Request-Id") + `"`},
		{`"operation":"","status":401,"refused":"UNAUTHENTICATED"`, `"requestId":"` + refused.header.Get("X-Request-Id") + `"`},
	} {
		for _, text := range want {
			if !strings.Contains(lines[i], text) {
				t.Errorf("no %s in %s", text, lines[i])
			}
		}
	}
	for _, secret := range []string{who.access, who.refresh, "badtoken", password, support, "viewer", "Named", "127.0.0.1", "fieldgate's tests"} {
		if strings.Contains(strings.Join(lines, ""), secret) {
			t.Errorf("the lines hold %q: %q", secret, lines)
		}
	}
	quiet := startDemo(t)
	quiet.guest().do(`{ __typename }`, nil).ok(t)
	if strings.Contains(quiet.stderr.String(), "a request was answered") {
		t.Errorf("at the level info: %s", quiet.stderr)
	}
}

// TestResponse: what is noted of an answer is the status that the client gets, whichever way it is written.
func TestResponse(t *testing.T) {
	for _, c := range []struct {
		name  string
		write func(w http.ResponseWriter)
		want  int
	}{
		{"nothing but the body", func(w http.ResponseWriter) { fmt.Fprint(w, "x") }, 200},
		{"a status", func(w http.ResponseWriter) { w.WriteHeader(404); w.WriteHeader(500) }, 404},
		{"one for the time being", func(w http.ResponseWriter) { w.WriteHeader(103); w.WriteHeader(201) }, 201},
		{"flushed", func(w http.ResponseWriter) { w.(http.Flusher).Flush() }, 200},
		{"flushed by a controller", func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }, 200},
		{"not at all", func(http.ResponseWriter) {}, 0},
	} {
		for _, stopping := range []bool{false, true} {
			w := &response{ResponseWriter: httptest.NewRecorder(), stopping: func() bool { return stopping }}
			c.write(w)
			closes := w.Header().Get("Connection") == "close"
			if w.status != c.want || closes != (stopping && c.want != 0) {
				t.Errorf("%s: noted %d, and the connection ends: %v", c.name, w.status, closes)
			}
		}
	}
}
