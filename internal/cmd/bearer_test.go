package cmd

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/golang-jwt/jwt/v5"
	"github.com/redis/go-redis/v9"
)

// console is another issuer, whose tokens are accepted as they are, with its sessions.
type console struct {
	t      *testing.T
	secret []byte
	file   string // of issuers, with its keys beside it
	redis  redis.UniversalClient
}

// bearersFile writes a file of issuers with one whose tokens are accepted as they are, with this line of sessions, and beside
// it its secret, with this mode.
func bearersFile(t testing.TB, sessions string, mode os.FileMode) string {
	t.Helper()
	name := file(t, "issuers.yaml", fmt.Sprintf(`bearers:
  - name: console
    issuer: console.example
    audiences: [account]
    token_type: JWT
    keys: [{id: hs, algorithm: HS256, file: console.secret}]
    claims: {roles: role}
    account: %s
    roles: {owner: OWNER, support: SUPPORT}
    %s
`, demo.Main().SID, sessions))
	secret := base64.StdEncoding.EncodeToString([]byte(rand.Text() + rand.Text()))
	if err := os.WriteFile(filepath.Join(filepath.Dir(name), "console.secret"), []byte(secret), mode); err != nil {
		t.Fatal(err)
	}
	return name
}

func newConsole(t *testing.T, redisURL string) console {
	t.Helper()
	c := console{t: t, file: bearersFile(t, `sessions: {key_prefix: "sess:"}`, 0o600)}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(c.file), "console.secret"))
	if err != nil {
		t.Fatal(err)
	}
	if c.secret, err = base64.StdEncoding.DecodeString(string(text)); err != nil {
		t.Fatal(err)
	}
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { client.Close() })
	c.redis = client
	return c
}

// begin opens a session, and end ends it as docs/identity-providers.md says.
func (c console) begin(sid string) {
	c.t.Helper()
	if err := c.redis.Set(c.t.Context(), "sess:"+sid, "{}", time.Hour).Err(); err != nil {
		c.t.Fatal(err)
	}
}

func (c console) end(sid string) {
	c.t.Helper()
	if err := c.redis.Del(c.t.Context(), "sess:"+sid).Err(); err != nil {
		c.t.Fatal(err)
	}
	const log = `local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
		return redis.call('XADD', KEYS[1], 'MAXLEN', '~', '10000', '*', 'kind', 'end', 'user', ARGV[1], 'sid', '', 'after', newest and newest[1] or '0-0')`
	err := c.redis.Eval(c.t.Context(), log, []string{"{fieldgate}:revocations"}, "sess:"+sid).Err()
	if err != nil {
		c.t.Fatal(err)
	}
}

// token is one of a good caller's, but for these claims.
func (c console) token(role, sid string, claims vars) string {
	c.t.Helper()
	all := jwt.MapClaims{
		"iss": "console.example", "aud": "account", "sub": "user-" + role, "role": role, "sid": sid,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, all)
	token.Header["kid"] = "hs"
	raw, err := token.SignedString(c.secret)
	if err != nil {
		c.t.Fatal(err)
	}
	return raw
}

// refusedEverywhere expects a caller to be refused however the request comes.
func (c client) refusedEverywhere(t *testing.T, status int, code string, closes websocket.StatusCode) {
	t.Helper()
	for _, way := range ways {
		if way.name == "WebSocket" {
			s := c.p.dial(nil)
			s.send("connection_init", "", vars{"Authorization": "Bearer " + c.access})
			if m, closed := s.read(); closed.Code != closes {
				t.Errorf("WebSocket: %+v, %v, want %d", m, closed, closes)
			}
			continue
		}
		if a := way.ask(c, vars{"query": `{ viewer { sid } }`}); a.status != status || a.code() != code || a.hasData {
			t.Errorf("%s: %d %s, want %d %s", way.name, a.status, a.body, status, code)
		}
	}
}

// TestBearer: who comes with a token of an issuer whose tokens are accepted as they are may read what their role may, in
// every way there is, for as long as their session lives, and may change nothing.
func TestBearer(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	c := newConsole(t, r.url())
	p := startDemo(t, "--redis-url", r.url(), "--issuers", c.file, "--demo-events", "0")
	c.begin("one")
	who := client{p: p, access: c.token("support", "one", nil)}
	boss := client{p: p, access: c.token("owner", "one", nil)}

	for _, way := range ways {
		a := way.ask(who, vars{"query": `{ viewer { sid email roles } account { sid calls(first: 1) { edges { node { status price { amount } } } } } }`})
		if a.status != http.StatusOK || !strings.HasPrefix(a.text("viewer", "sid"), "EX") || a.at("viewer", "email") != nil ||
			fmt.Sprint(a.at("viewer", "roles")) != "[SUPPORT]" || a.text("account", "sid") != demo.Main().SID || len(a.errors) != 1 || a.code() != "FORBIDDEN" {
			t.Errorf("%s: %d %s", way.name, a.status, a.body)
		}
	}
	boss.do(`{ account { balance { amount } users(first: 1) { edges { node { email } } } } }`, nil).ok(t)

	if got := command(t, "check", "--issuers", c.file); got.status != 0 || !strings.Contains(got.stdout, "Bearer tokens of console: console.example; 2 roles in role.\n") {
		t.Errorf("%+v", got)
	}

	t.Run("changes nothing", func(t *testing.T) {
		for _, change := range []string{
			`mutation { signOut { endedSessionId } }`,
			`mutation { createApiKey(input: {friendlyName: "theirs", idempotencyKey: "k1"}) { secret } }`,
			`mutation { setUserRoles(input: {userId: "` + p.globalID(support) + `", roles: [OWNER]}) { user { sid } } }`,
			`mutation { endUserSessions(input: {userId: "` + p.globalID(support) + `"}) { endedSessions } }`,
		} {
			if a := boss.do(change, nil); a.code() != "FORBIDDEN" || len(a.errors) != 1 {
				t.Errorf("%s: %s", change, a.body)
			}
		}
		if a := p.as(owner).do(`{ account { apiKeys(first: 100) { edges { node { friendlyName } } } } }`, nil).ok(t); strings.Contains(a.body, "theirs") {
			t.Errorf("%s", a.body)
		}
	})

	const badToken, ended = websocket.StatusCode(4403), websocket.StatusCode(4401)
	other := console{t: t, secret: []byte(rand.Text() + rand.Text())}
	for _, row := range []struct {
		name, token string
		closes      websocket.StatusCode
	}{
		{"a bad signature", other.token("support", "one", nil), badToken},
		{"over", c.token("support", "one", vars{"iat": nil, "exp": time.Now().Add(-time.Minute).Unix()}), badToken},
		{"another audience", c.token("support", "one", vars{"aud": "fieldgate"}), badToken},
		{"another issuer", c.token("support", "one", vars{"iss": "fieldgate"}), badToken},
		{"no session", c.token("support", "one", vars{"sid": nil}), badToken},
		{"a session that never was", c.token("support", "two", nil), ended},
		{"a session of the gateway's", c.token("support", "x", vars{"sid": "../{fieldgate}:epoch"}), badToken},
		{"a role that is not mapped", c.token("root", "one", nil), badToken},
	} {
		t.Run(row.name, func(t *testing.T) {
			client{p: p, access: row.token}.refusedEverywhere(t, http.StatusUnauthorized, "UNAUTHENTICATED", row.closes)
		})
	}
	t.Run("a session that is no plain value", func(t *testing.T) {
		if err := c.redis.HSet(t.Context(), "sess:hash", "a", "b").Err(); err != nil {
			t.Fatal(err)
		}
		client{p: p, access: c.token("support", "hash", nil)}.refusedEverywhere(t, http.StatusUnauthorized, "UNAUTHENTICATED", ended)
	})
	t.Run("is exchanged for nothing", func(t *testing.T) {
		p.exchange(who.access).denied(t, 400, "unsupported_grant_type")
	})
	t.Run("where nobody is believed", func(t *testing.T) {
		client{p: startDemo(t, "--redis-url", r.url()), access: who.access}.refusedEverywhere(t, http.StatusUnauthorized, "UNAUTHENTICATED", badToken)
	})

	t.Run("the session ends", func(t *testing.T) {
		for _, row := range []struct {
			name string
			end  func(sid string)
		}{
			{"told", c.end},
			{"untold", func(sid string) {
				if err := c.redis.Del(t.Context(), "sess:"+sid).Err(); err != nil {
					t.Fatal(err)
				}
			}},
		} {
			sid := "ends-" + row.name
			c.begin(sid)
			who := client{p: p, access: c.token("support", sid, nil)}
			socket, stream := who.socket(), who.subscribe(everyLog)
			who.do(`{ viewer { sid } }`, nil).ok(t)
			row.end(sid)
			if closed, took := socket.closed(); closed.Code != ended || took > 5*time.Second {
				t.Errorf("%s: the socket is closed with %v after %s", row.name, closed, took)
			}
			if last, took := stream.ended(); last.code() != "UNAUTHENTICATED" || took > 5*time.Second {
				t.Errorf("%s: the stream ends with %s after %s", row.name, last.body, took)
			}
			who.refusedEverywhere(t, http.StatusUnauthorized, "UNAUTHENTICATED", ended)
		}
	})

	t.Run("Redis is away", func(t *testing.T) {
		c.begin("away")
		who := client{p: p, access: c.token("support", "away", nil)}
		who.do(`{ viewer { sid } }`, nil).ok(t)
		r.stop()
		eventually(t, "nobody is let in", func() bool {
			a := who.try(`{ viewer { sid } }`, nil)
			return a.status == http.StatusServiceUnavailable && !a.hasData
		})
		r.start()
		c.begin("away") // an embedded one forgets
		who.do(`{ viewer { sid } }`, nil).ok(t)
	})
}

// TestBearersAccount: whoever starts the gateway is told of people who have nothing to read, as their account is not there.
func TestBearersAccount(t *testing.T) {
	name := bearersFile(t, "sessions: unchecked", 0o600)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	missing := "AC" + strings.Repeat("0", 32)
	if err := os.WriteFile(name, []byte(strings.ReplaceAll(string(text), demo.Main().SID, missing)), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]bool{name: true, bearersFile(t, "sessions: unchecked", 0o600): false} {
		p := startDemo(t, "--issuers", file)
		if told := strings.Contains(p.stdout.String()+p.stderr.String(), "there is no account "+missing); told != want {
			t.Errorf("told %v, want %v: %s", told, want, p.stdout)
		}
	}
}
