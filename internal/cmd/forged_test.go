package cmd

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/fieldgate/fieldgate/internal/issuer/issuertest"
)

// forger signs what it likes with the program's own key: whoever had it could not do more.
type forger struct {
	t      *testing.T
	key    ed25519.PrivateKey
	header map[string]any
	claims map[string]any
}

// newForger takes the key out of the program's data folder, and a user's token for a pattern.
func newForger(t *testing.T, p *program, pattern string) forger {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(p.data, "keys", "*.pem"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	text, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return forger{t, key.(ed25519.PrivateKey), segment(t, pattern, 0), segment(t, pattern, 1)}
}

// segment reads a part of a token.
func segment(t *testing.T, raw string, i int) map[string]any {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[i])
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var members map[string]any
	if err := decoder.Decode(&members); err != nil {
		t.Fatal(err)
	}
	return members
}

// sign is the pattern with these changes, signed.
func (f forger) sign(header, claims map[string]any) string {
	write := func(members, change map[string]any) string {
		all := maps.Clone(members)
		maps.Copy(all, change)
		text, err := json.Marshal(all)
		if err != nil {
			f.t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := write(f.header, header) + "." + write(f.claims, claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(f.key, []byte(signed)))
}

// TestForgedClaims: even a token with a good signature says nothing but what its session does. The attacks on form and
// signature are in auth/token and auth/jws.
func TestForgedClaims(t *testing.T) {
	p := startDemo(t)
	who := p.signIn(support)
	f := newForger(t, p, who.access)
	other, foreign := p.signIn(developer), p.signIn(secondSupport)
	ended := p.signIn(support)
	ended.do(`mutation { signOut { endedSessionId } }`, nil).ok(t)
	claimsOf := func(c client) map[string]any { return segment(t, c.access, 1) }
	refused := func(raw string) {
		t.Helper()
		refused401(t, client{p, raw, ""})
		if strings.Contains(p.stderr.String(), raw[strings.LastIndex(raw, ".")+1:]) {
			t.Error("the token is in the log")
		}
	}

	client{p, f.sign(nil, nil), ""}.do(`{ viewer { sid } }`, nil).ok(t) // or else nothing here is tried
	for name, claims := range map[string]map[string]any{
		"roles widened":                  {"roles": []string{"OWNER"}},
		"one role more":                  {"roles": []string{"SUPPORT", "DEVELOPER"}},
		"no roles":                       {"roles": []string{}},
		"a role that there is not":       {"roles": []string{"ROOT"}},
		"roles in lower case":            {"roles": []string{"support"}},
		"another account":                {"account": claimsOf(foreign)["account"]},
		"an account that there is not":   {"account": "AC" + strings.Repeat("0", 32)},
		"another user":                   {"sub": claimsOf(other)["sub"]},
		"another account's user":         {"sub": claimsOf(foreign)["sub"]},
		"another's session":              {"sid": claimsOf(other)["sid"]},
		"another account's session":      {"sid": claimsOf(foreign)["sid"]},
		"another's user and session":     {"sub": claimsOf(other)["sub"], "sid": claimsOf(other)["sid"]},
		"a session that has ended":       {"sid": claimsOf(ended)["sid"]},
		"a session that there is not":    {"sid": strings.Repeat("0", 32)},
		"a session by a pattern":         {"sid": "*"},
		"a session with a key of Redis":  {"sid": "x}:{fieldgate"},
		"a session with a line break":    {"sid": claimsOf(who)["sid"].(string) + "\r\n"},
		"another issuer":                 {"iss": "https://attacker.example"},
		"another audience":               {"aud": "attacker"},
		"over":                           {"iat": time.Now().Add(-time.Hour).Unix(), "exp": time.Now().Add(-50 * time.Minute).Unix()},
		"not yet":                        {"iat": time.Now().Add(time.Hour).Unix(), "exp": time.Now().Add(70 * time.Minute).Unix()},
		"for a year":                     {"exp": time.Now().AddDate(1, 0, 0).Unix()},
		"no end":                         {"exp": nil},
		"an end in text":                 {"exp": "9999999999"},
		"an end that is a fraction":      {"exp": float64(time.Now().Unix()) + 300.5},
		"an end before the age of times": {"exp": -1},
	} {
		t.Run(name, func(t *testing.T) { refused(f.sign(nil, claims)) })
	}
	for name, header := range map[string]map[string]any{
		"typ JWT":            {"typ": "JWT"},
		"its own key":        {"jwk": map[string]string{"kty": "OKP"}},
		"a URL of keys":      {"jku": "https://attacker.example/jwks.json"},
		"a URL of a chain":   {"x5u": "https://attacker.example/chain.pem"},
		"a chain":            {"x5c": []string{"MIIB"}},
		"critical":           {"crit": []string{"exp"}},
		"kid a path":         {"kid": "../../../../dev/null"},
		"kid SQL":            {"kid": "' OR '1'='1"},
		"alg none":           {"alg": "none"},
		"alg HS256":          {"alg": "HS256"},
		"no kid":             {"kid": ""},
		"an unencoded claim": {"b64": false},
	} {
		t.Run(name, func(t *testing.T) { refused(f.sign(header, nil)) })
	}
	who.do(`{ viewer { sid } }`, nil).ok(t)
}

// TestTokensElsewhere: a token is taken out of the Authorization header and the cookies alone. In a URL it is refused on
// each route, where logs and histories would keep it; in a body it is nothing.
func TestTokensElsewhere(t *testing.T) {
	t.Parallel()
	corp := issuertest.New(t)
	p := startDemo(t, "--issuers", issuersFile(t, issuerEntry("corp", corp, "client_id: fieldgate")))
	who := p.as(owner)
	root := strings.TrimSuffix(p.url, "/graphql")
	send := func(method, address, kind, body string) answer {
		r := p.guest().request(method, address, body)
		r.Header.Set("Content-Type", kind)
		return p.guest().send(r)
	}
	const json, form = "application/json", "application/x-www-form-urlencoded"
	const query = `{"query": "{ viewer { sid } }"}`
	for name, a := range map[string]func(in string) answer{
		"GET /graphql": func(in string) answer {
			return send(http.MethodGet, p.url+"?query="+url.QueryEscape("{ viewer { sid } }")+"&"+in, json, "")
		},
		"POST /graphql":        func(in string) answer { return send(http.MethodPost, p.url+"?"+in, json, query) },
		"GET /schema.graphqls": func(in string) answer { return send(http.MethodGet, root+"/schema.graphqls?"+in, json, "") },
		"POST /oauth/token": func(in string) answer {
			return send(http.MethodPost, root+"/oauth/token?"+in, form, "grant_type=refresh_token&refresh_token="+who.refresh)
		},
		"GET /sign-in/corp":          func(in string) answer { return send(http.MethodGet, root+"/sign-in/corp?"+in, json, "") },
		"GET /sign-in/corp/callback": func(in string) answer { return send(http.MethodGet, root+"/sign-in/corp/callback?"+in, json, "") },
		"POST /sign-in/session":      func(in string) answer { return send(http.MethodPost, root+"/sign-in/session?"+in, json, "") },
		"GET /":                      func(in string) answer { return send(http.MethodGet, root+"/?"+in, json, "") },
		"a WebSocket": func(in string) answer {
			_, resp, err := websocket.Dial(t.Context(), p.url+"?"+in, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
			if err == nil || resp == nil {
				t.Fatal(err, resp)
			}
			return answer{status: resp.StatusCode}
		},
	} {
		for _, in := range []string{"access_token=" + who.access, "ACCESS_TOKEN=" + who.access, "a=b;access%5Ftoken=" + who.access, "access_token=x"} {
			if got := a(in); got.status != http.StatusBadRequest || got.hasData || strings.Contains(got.body, "type ") {
				t.Errorf("%s?%.20s: %d %s", name, in, got.status, got.body)
			}
		}
	}
	for name, a := range map[string]answer{
		"a form":           send(http.MethodPost, p.url, form, "access_token="+who.access+"&query={viewer{sid}}"),
		"a form beside":    send(http.MethodPost, p.url, json, `{"query": "{ viewer { sid } }", "access_token": "`+who.access+`"}`),
		"in the extension": send(http.MethodPost, p.url, json, `{"query": "{ viewer { sid } }", "extensions": {"access_token": "`+who.access+`"}}`),
	} {
		if a.status == http.StatusOK && a.at("viewer") != nil || a.text("viewer", "sid") != "" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if who.do(`{ viewer { sid } }`, nil); who.p.token("", "grant_type", "refresh_token", "refresh_token", who.refresh).status != http.StatusOK {
		t.Error("a refused request has used up its refresh token")
	}
	guest := send(http.MethodPost, root+"/schema.graphqls", form, "access_token="+who.access)
	if strings.Contains(guest.body, "balance") {
		t.Errorf("a token in a form is shown the schema: %d", guest.status)
	}
	if strings.Contains(p.stderr.String(), who.access) {
		t.Error("the token is in the log")
	}
}
