package cmd

import (
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
