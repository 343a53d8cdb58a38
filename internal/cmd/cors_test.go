package cmd

import (
	"net/http"
	"strings"
	"testing"
)

const (
	app      = "https://app.example.com"
	appDev   = "http://localhost:5173"
	attacker = "https://attacker.example"
)

// TestCrossOrigin: who may ask from where, and whose pages may read the answer.
func TestCrossOrigin(t *testing.T) {
	closed, open := startDemo(t), startDemo(t, "--cors-origin", app, "--cors-origin", appDev)
	own := func(p *program) string { return strings.TrimSuffix(p.url, "/graphql") }
	const query = `{"query":"{ viewer { sid } }"}`
	from := func(origin, site string) http.Header {
		h := http.Header{}
		if origin != "" {
			h.Set("Origin", origin)
		}
		if site != "" {
			h.Set("Sec-Fetch-Site", site)
		}
		return h
	}
	for _, row := range []struct {
		name   string
		p      *program
		method string
		header http.Header
		status int
		reads  string // Access-Control-Allow-Origin
	}{
		{"no browser", closed, "POST", nil, 200, ""},
		{"the gateway's own page", closed, "POST", from(own(closed), "same-origin"), 200, ""},
		{"the gateway's own page, in an old browser", closed, "POST", from(own(closed), ""), 200, ""},
		{"a page of another site", closed, "POST", from(attacker, "cross-site"), 403, ""},
		{"a page of another site, in an old browser", closed, "POST", from(attacker, ""), 403, ""},
		{"a page of another site that hides its origin", closed, "POST", from("", "cross-site"), 403, ""},
		{"a sandboxed page", closed, "POST", from("null", "cross-site"), 403, ""},
		{"a file", closed, "POST", from("null", ""), 403, ""},
		{"a page of another port of this host", closed, "POST", from("http://127.0.0.1:1", "same-site"), 403, ""},
		{"a page of another site by GET", closed, "GET", from(attacker, "cross-site"), 403, ""},
		{"a link on another site", closed, "GET", from("", "cross-site"), 403, ""},
		{"an origin that others may allow", closed, "POST", from(app, "cross-site"), 403, ""},

		{"the gateway's own page, beside others", open, "POST", from(own(open), "same-origin"), 200, ""},
		{"an allowed origin", open, "POST", from(app, "cross-site"), 200, app},
		{"an allowed origin, in an old browser", open, "POST", from(app, ""), 200, app},
		{"an allowed origin by GET", open, "GET", from(app, "cross-site"), 200, app},
		{"an allowed origin by http, of this machine", open, "POST", from(appDev, "same-site"), 200, appDev},
		{"another site", open, "POST", from(attacker, "cross-site"), 403, ""},
		{"an allowed host by http", open, "POST", from("http://app.example.com", "cross-site"), 403, ""},
		{"another port of an allowed host", open, "POST", from(app+":8443", "cross-site"), 403, ""},
		{"a host that begins alike", open, "POST", from(app+".attacker.example", "cross-site"), 403, ""},
		{"a host that ends alike", open, "POST", from("https://an.app.example.com", "cross-site"), 403, ""},
		{"null", open, "POST", from("null", "cross-site"), 403, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			who := row.p.as(owner)
			r := who.request(row.method, row.p.url, query)
			if row.method == http.MethodGet {
				r = who.request(row.method, row.p.url+"?query=%7Bviewer%7Bsid%7D%7D", "")
			}
			for name, values := range row.header {
				r.Header[name] = values
			}
			a := who.send(r)
			if a.status != row.status || a.hasData != (row.status == 200) || row.status == 403 && a.code() != "FORBIDDEN" {
				t.Errorf("%d %s", a.status, a.body)
			}
			if got := a.header.Get("Access-Control-Allow-Origin"); got != row.reads || a.header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("headers: %v", a.header)
			}
			if vary := strings.Join(a.header.Values("Vary"), ", "); row.p == open && !strings.Contains(vary, "Origin") {
				t.Errorf("Vary: %s", vary)
			}
			if exposed := a.header.Get("Access-Control-Expose-Headers"); row.reads != "" && !strings.Contains(exposed, "Retry-After") {
				t.Errorf("a page reads: %s", exposed)
			}
		})
	}
}

// TestPreflights: what a browser is told that asks whether a page may ask. It holds everything else back.
func TestPreflights(t *testing.T) {
	closed, open := startDemo(t), startDemo(t, "--cors-origin", app)
	for _, row := range []struct {
		name            string
		p               *program
		origin          string
		method, headers string
		granted         bool
	}{
		{"a token and JSON", open, app, "POST", "authorization,content-type", true},
		{"a GET", open, app, "GET", "authorization,graphql-require-preflight", true},
		{"Apollo's headers", open, app, "GET", "apollo-require-preflight,x-apollo-operation-name", true},
		{"cookies", open, app, "POST", "content-type,fieldgate-cookies", false},
		{"another header", open, app, "POST", "x-forwarded-for", false},
		{"another method", open, app, "DELETE", "", false},
		{"another origin", open, attacker, "POST", "authorization,content-type", false},
		{"null", open, "null", "POST", "authorization,content-type", false},
		{"no origin is allowed", closed, app, "POST", "authorization,content-type", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := row.p.guest().request(http.MethodOptions, row.p.url, "")
			r.Header = http.Header{"Origin": {row.origin}, "Access-Control-Request-Method": {row.method}, "Sec-Fetch-Site": {"cross-site"}}
			if row.headers != "" {
				r.Header.Set("Access-Control-Request-Headers", row.headers)
			}
			resp, err := row.p.http.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			h := resp.Header
			granted := h.Get("Access-Control-Allow-Origin") == row.origin && h.Get("Access-Control-Allow-Methods") == row.method &&
				h.Get("Access-Control-Allow-Headers") == row.headers && h.Get("Access-Control-Max-Age") == "600"
			if granted != row.granted || h.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%d %v", resp.StatusCode, h)
			}
			if !row.granted && h.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("half of it is granted: %v", h)
			}
		})
	}
}

// TestOrigins: what --cors-origin takes. A value that no browser would send, or too many, is refused at the start.
func TestOrigins(t *testing.T) {
	for origin, fault := range map[string]string{
		app: "", app + ":8443": "", appDev: "", "http://127.0.0.1": "", "http://[::1]:3000": "", "https://xn--bcher-kva.example": "",
		"*": "no wildcards", "https://*": "no wildcards", "https://*.example.com": "no wildcards", "null": "null stands for",
		"": "an origin is", "app.example.com": "an origin is", "//app.example.com": "an origin is", "https://": "an origin is",
		"https:app.example.com": "an origin is", app + "/": "an origin is", app + "/app": "an origin is", app + "?": "an origin is",
		app + "#": "an origin is", "https://user@app.example.com": "an origin is", "ftp://app.example.com": "an origin is",
		"chrome-extension://abc": "an origin is", " " + app: "an origin is", app + " ": "an origin is", app + "," + appDev: "an origin is",
		app + ":": "the port", app + ":443": "the port", "http://localhost:80": "the port", app + ":x": "an origin is",
		"https://App.example.com": "small letters", "HTTPS://app.example.com": "an origin is", "https://bücher.example": "xn--",
		"http://app.example.com": "by http", "http://192.0.2.1": "by http",
	} {
		got := faultOfOrigin(origin)
		if (got == "") != (fault == "") || !strings.Contains(got, fault) {
			t.Errorf("%q: %q, want %q", origin, got, fault)
		}
		if _, err := newCrossOrigin(corsFlags{[]string{origin}}); (err == nil) != (fault == "") {
			t.Errorf("%q: %v", origin, err)
		}
	}
	t.Run("all that is wrong is said", func(t *testing.T) {
		got := command(t, "serve", "--listen=127.0.0.1:0", "--data", t.TempDir(), "--cors-origin=*", "--cors-origin=null", "--cors-origin="+app)
		if got.status != 1 || strings.Count(got.stderr, "--cors-origin") != 2 || strings.Contains(got.stderr, app) {
			t.Errorf("status %d: %s", got.status, got.stderr)
		}
	})
}

// TestHeaders: whatever is answered, a browser makes nothing else of it than it is.
func TestHeaders(t *testing.T) {
	p := startDemo(t)
	root := strings.TrimSuffix(p.url, "/graphql")
	for _, row := range []struct {
		name, method, url string
		change            func(*http.Request)
		status            int
		page              bool
	}{
		{"an answer", "POST", p.url, nil, 200, false},
		{"a stream", "POST", p.url, header("Accept", "text/event-stream"), 200, false},
		{"a bad request", "PUT", p.url, nil, 405, false},
		{"a bad token", "POST", p.url, header("Authorization", "Bearer x"), 401, false},
		{"another site", "POST", p.url, header("Sec-Fetch-Site", "cross-site"), 403, false},
		{"another host", "POST", p.url, func(r *http.Request) { r.Host = "attacker.example" }, 421, false},
		{"the schema", "GET", root + "/schema.graphqls", nil, 200, false},
		{"the keys", "GET", root + "/.well-known/jwks.json", nil, 200, false},
		{"a probe", "GET", root + "/healthz", nil, 200, false},
		{"nothing", "GET", root + "/nothing", nil, 404, false},
		{"a page", "GET", root + "/", nil, 200, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := p.guest().request(row.method, row.url, `{"query":"{ __typename }"}`)
			if row.change != nil {
				row.change(r)
			}
			resp, err := p.http.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != row.status {
				t.Errorf("status %d", resp.StatusCode)
			}
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
				"Cross-Origin-Resource-Policy": "same-origin", "Content-Security-Policy": "frame-ancestors 'none'",
			} {
				if got := resp.Header.Get(name); !strings.Contains(got, want) {
					t.Errorf("%s: %q", name, got)
				}
			}
			if scripts := strings.Contains(resp.Header.Get("Content-Security-Policy"), "script-src"); scripts != row.page {
				t.Errorf("the policy: %s", resp.Header.Get("Content-Security-Policy"))
			}
			if cache := resp.Header.Get("Cache-Control"); strings.HasSuffix(row.url, "/graphql") && !strings.Contains(cache, "no-store") {
				t.Errorf("Cache-Control: %s", cache)
			}
		})
	}
}
