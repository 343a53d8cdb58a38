package cmd

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

var metricsAt = regexp.MustCompile(`http://[0-9.:\[\]]+/metrics`)

// figures reads what a program shows to Prometheus: values by name and labels.
func (p *program) figures() map[string]float64 {
	p.t.Helper()
	resp, err := p.http.Get(p.says(metricsAt))
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		p.t.Fatalf("%v, %d %s", err, resp.StatusCode, text)
	}
	found := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, value, _ := cutLast(strings.TrimSpace(line), " ")
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			p.t.Fatalf("%q: %v", line, err)
		}
		found[name] = n
	}
	return found
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// TestMetrics does each thing once and sees that it is counted, and nothing else.
func TestMetrics(t *testing.T) {
	r := startRedis(t)
	p := startDemo(t, "--metrics-listen", "127.0.0.1:0", "--redis-url", r.url())
	before := p.figures()
	slow := func(figures map[string]float64) bool { // Redis did not answer in time
		return figures[`errors_total{code="SERVICE_UNAVAILABLE"}`]+figures[`refused_total{code="SERVICE_UNAVAILABLE"}`] > 0
	}
	counts := func(t *testing.T, do func(), want map[string]float64) {
		t.Helper()
		var got map[string]float64
		insist(t, func() (bool, string) {
			do()
			after := p.figures()
			got = map[string]float64{}
			for name, n := range after {
				counted := strings.HasPrefix(name, "fieldgate_") && !strings.Contains(name, "_seconds") && !strings.HasPrefix(name, "fieldgate_pool")
				if d := n - before[name]; counted && d != 0 {
					got[strings.TrimPrefix(name, "fieldgate_")] = d
				}
			}
			before = after
			return slow(got) && !slow(want), fmt.Sprint(got)
		})
		if !maps.Equal(got, want) {
			t.Errorf("counted %v,\nwant %v", got, want)
		}
	}
	request := func(operation string, status int) string {
		return fmt.Sprintf(`requests_total{operation_type="%s",status="%d",transport="http"}`, operation, status)
	}
	decision := func(permission, action, result string) string {
		return fmt.Sprintf(`decisions_total{action="%s",permission="%s",result="%s"}`, action, permission, result)
	}
	denial := func(permission, action string) string {
		return fmt.Sprintf(`denials_total{action="%s",permission="%s"}`, action, permission)
	}
	const checked = `token_checks_total{result="ok"}`
	refused := func(code string) string { return fmt.Sprintf(`refused_total{code="%s"}`, code) }

	var who client
	t.Run("a sign-in", func(t *testing.T) {
		counts(t, func() { who = p.signIn(support) }, map[string]float64{
			request("mutation", 200): 1, `sign_ins_total{result="ok"}`: 1,
		})
	})
	t.Run("a wrong password", func(t *testing.T) {
		counts(t, func() {
			p.guest().try(`mutation { signIn(input: {email: "support@example.com", password: "wrong"}) { accessToken } }`, nil)
		}, map[string]float64{
			request("mutation", 200): 1, `sign_ins_total{result="refused"}`: 1, `errors_total{code="UNAUTHENTICATED"}`: 1,
		})
	})
	t.Run("denied in each row of a list", func(t *testing.T) {
		counts(t, func() { who.try(`{ account { calls(first: 3) { edges { node { sid price { amount } } } } } }`, nil) }, map[string]float64{
			request("query", 200): 1, checked: 1,
			decision("signed_in", "", "allowed"): 1, decision("PRODUCT_LOGS", "READ", "allowed"): 4,
			decision("BILLING_HISTORY_AND_SETTINGS", "READ", "denied"): 1, denial("BILLING_HISTORY_AND_SETTINGS", "READ"): 3,
		})
	})
	t.Run("a mutation that is denied", func(t *testing.T) {
		counts(t, func() { who.try(`mutation { createApiKey(input: {friendlyName: "x"}) { secret } }`, nil) }, map[string]float64{
			request("mutation", 403): 1, checked: 1, refused("FORBIDDEN"): 1,
			decision("API_CREDENTIALS", "CREATE", "denied"): 1, denial("API_CREDENTIALS", "CREATE"): 1,
		})
	})
	t.Run("a guest", func(t *testing.T) {
		counts(t, func() { p.guest().try(`{ viewer { sid } }`, nil) }, map[string]float64{
			request("query", 200): 1, decision("signed_in", "", "denied"): 1, denial("signed_in", ""): 1,
		})
	})
	t.Run("what is not there", func(t *testing.T) {
		counts(t, func() {
			who.try(`query($id: ID!) { node(id: $id) { __typename } }`, vars{"id": encodeID("Account", "AC0")})
		}, map[string]float64{
			request("query", 200): 1, checked: 1, `errors_total{code="NOT_FOUND"}`: 1, decision("signed_in", "", "allowed"): 1,
		})
	})
	t.Run("no operation", func(t *testing.T) {
		counts(t, func() { who.try(`{`, nil) }, map[string]float64{
			request("none", 400): 1, checked: 1, refused("GRAPHQL_PARSE_FAILED"): 1,
		})
	})
	t.Run("a limit", func(t *testing.T) {
		counts(t, func() { who.try(`{ `+manyAliases(40)+`}`, nil) }, map[string]float64{
			request("query", 400): 1, checked: 1, refused("LIMIT_EXCEEDED"): 1, `limits_exceeded_total{limit="aliases"}`: 1,
		})
	})
	t.Run("a token that is none", func(t *testing.T) {
		counts(t, func() { client{p: p, access: "nonsense"}.try(`{ __typename }`, nil) }, map[string]float64{
			request("none", 401): 1, refused("UNAUTHENTICATED"): 1, `token_checks_total{result="bad"}`: 1,
		})
	})
	t.Run("a token in the URL", func(t *testing.T) {
		counts(t, func() { p.guest().send(p.guest().request(http.MethodGet, p.url+"?access_token=x", "")) }, map[string]float64{
			request("none", 400): 1, refused("BAD_REQUEST"): 1,
		})
	})
	t.Run("a refresh, and the same again", func(t *testing.T) {
		counts(t, func() { who.renew(); who.renew() }, map[string]float64{
			request("mutation", 200): 2, `refreshes_total{result="ok"}`: 1, `refreshes_total{result="reused"}`: 1,
			`sessions_ended_total{by="reuse"}`: 1, `errors_total{code="UNAUTHENTICATED"}`: 1,
		})
	})
	t.Run("requests for tokens", func(t *testing.T) {
		again := p.signIn(support)
		before = p.figures()
		counts(t, func() {
			p.token("", "grant_type", "refresh_token", "refresh_token", again.refresh)
			p.token("", "grant_type", "refresh_token", "refresh_token", "nonsense")
			p.token("", "grant_type", "what a client wrote")
		}, map[string]float64{
			`token_requests_total{grant_type="refresh_token",result="ok"}`: 1, `token_requests_total{grant_type="refresh_token",result="invalid_grant"}`: 1,
			`token_requests_total{grant_type="none",result="unsupported_grant_type"}`: 1,
			`refreshes_total{result="ok"}`:                                            1, `refreshes_total{result="ended"}`: 1,
		})
	})
	t.Run("a token whose session has ended", func(t *testing.T) {
		counts(t, func() { who.try(`{ __typename }`, nil) }, map[string]float64{
			request("none", 401): 1, refused("UNAUTHENTICATED"): 1, `token_checks_total{result="ended"}`: 1,
		})
	})
	t.Run("a sign-out", func(t *testing.T) {
		counts(t, func() { p.signIn(support).do(`mutation { signOut { endedSessionId } }`, nil).ok(t) }, map[string]float64{
			request("mutation", 200): 2, `sign_ins_total{result="ok"}`: 1, checked: 1, `sessions_ended_total{by="sign_out"}`: 1,
			decision("signed_in", "", "allowed"): 2,
		})
	})
	t.Run("no label grows with what clients write", func(t *testing.T) {
		p.signIn(owner)
		names := len(p.figures())
		for i := range 50 {
			p.guest().do(fmt.Sprintf(`query operation%d($email%d: String) { alias%d: __typename }`, i, i, i), nil)
		}
		after := p.figures()
		if len(after) > names+1 { // for the first validation error, of the variable that is not used
			t.Errorf("%d figures have become %d", names, len(after))
		}
		for name := range after {
			if strings.HasPrefix(name, "fieldgate_") && !regexp.MustCompile(`^[a-z_]+(\{[a-z_]+="[A-Za-z_0-9.+:-]*"(,[a-z_]+="[A-Za-z_0-9.+:-]*")*\})?$`).MatchString(name) ||
				strings.Contains(name, "operation1") {
				t.Errorf("the figure %s", name)
			}
		}
	})
	t.Run("durations", func(t *testing.T) {
		after := p.figures()
		for _, name := range []string{
			`fieldgate_request_duration_seconds_count{operation_type="mutation",transport="http"}`,
			`fieldgate_request_duration_seconds_bucket{operation_type="query",transport="http",le="+Inf"}`,
			`fieldgate_session_lookup_duration_seconds_count`,
			`fieldgate_pool_connections{pool="database",state="idle"}`, `fieldgate_pool_connections_max{pool="database"}`,
			`fieldgate_pool_connections{pool="redis",state="idle"}`, `go_goroutines`, `process_resident_memory_bytes`,
		} {
			if after[name] == 0 {
				t.Errorf("%s is %v", name, after[name])
			}
		}
		if n := after["fieldgate_requests_in_flight"]; n != 0 {
			t.Errorf("%v requests are under way", n)
		}
	})
	t.Run("Prometheus's own lint", func(t *testing.T) {
		resp, err := p.http.Get(p.says(metricsAt))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		problems, err := promlint.New(resp.Body).Lint()
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range problems {
			if strings.HasPrefix(found.Metric, "fieldgate_") {
				t.Errorf("%s: %s", found.Metric, found.Text)
			}
		}
	})
	t.Run("Redis is away", func(t *testing.T) {
		who := p.signIn(owner)
		before = p.figures()
		r.stop()
		counts(t, func() { who.try(`{ __typename }`, nil) }, map[string]float64{
			request("none", 503): 1, refused("SERVICE_UNAVAILABLE"): 1, `token_checks_total{result="unavailable"}`: 1,
		})
		r.start()
	})
}

// manyAliases asks for one field under so many names.
func manyAliases(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a%d: __typename ", i)
	}
	return b.String()
}

// TestMetricsListener: figures are shown where they were asked for, and nowhere else.
func TestMetricsListener(t *testing.T) {
	quiet := startDemo(t)
	if status, _ := quiet.probeOf("/metrics", ""); status != http.StatusNotFound {
		t.Errorf("clients are answered with %d", status)
	}
	if strings.Contains(quiet.stdout.String(), "Prometheus") {
		t.Errorf("figures that nobody asked for: %s", quiet.stdout)
	}
	p := startDemo(t, "--metrics-listen", "127.0.0.1:0")
	if status, _ := p.probeOf("/metrics", ""); status != http.StatusNotFound {
		t.Errorf("clients are answered with %d", status)
	}
	root := strings.TrimSuffix(p.says(metricsAt), "/metrics")
	for _, c := range []struct {
		path, host string
		status     int
	}{
		{"/metrics", "", 200}, {"/metrics", "localhost:9464", 200}, {"/metrics", "evil.example.com", 421},
		{"/healthz", "10.0.0.1", 200}, {"/readyz", "10.0.0.1", 200}, {"/graphql", "", 404}, {"/", "", 404}, {"/debug/pprof/", "", 404},
	} {
		r := p.guest().request(http.MethodGet, root+c.path, "")
		r.Host = c.host
		if a := p.guest().send(r); a.status != c.status {
			t.Errorf("%s as %q: %d, want %d", c.path, c.host, a.status, c.status)
		}
	}
	taken := strings.TrimPrefix(root, "http://")
	got := command(t, "serve", "--listen=127.0.0.1:0", "--data", demoData(t), "--demo-password", password, "--metrics-listen", taken)
	if got.status != 1 || !strings.Contains(got.stderr, "--metrics-listen") || strings.Contains(got.stdout, "answers at") {
		t.Errorf("an address that is taken: %+v", got)
	}
}
