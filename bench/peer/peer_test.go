package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/bench/peer/graph/model"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/issuer"
	"github.com/golang-jwt/jwt/v5"
	"github.com/redis/go-redis/v9"
)

// served is the peer on the rows of testdata.
type served struct {
	t       testing.TB
	handler http.Handler
	ed      ed25519.PrivateKey
	secret  []byte
}

func serve(t testing.TB, unchecked bool) served {
	t.Helper()
	account, err := load(os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	return serveAccount(t, account, unchecked)
}

func serveAccount(t testing.TB, account *model.Account, unchecked bool) served {
	t.Helper()
	client := redisFor(t)
	sessions := session.New(client, time.Now, session.Options{Lease: 100 * time.Millisecond})
	t.Cleanup(sessions.Close)
	if err := sessions.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(ed.Public())
	if err != nil {
		t.Fatal(err)
	}
	s := served{t: t, ed: ed, secret: []byte(rand.Text() + rand.Text())}
	keys, err := json.Marshal(map[string]any{"issuer": "tests", "audience": "account", "keys": []map[string]string{
		{"kid": "ed", "alg": "EdDSA", "publicKey": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))},
		{"kid": "hs", "alg": "HS256", "secret": base64.StdEncoding.EncodeToString(s.secret)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(name, keys, 0o600); err != nil {
		t.Fatal(err)
	}
	bearer, err := readKeys(name)
	if err != nil {
		t.Fatal(err)
	}
	bearer.Unchecked = unchecked
	if s.handler, err = newHandler(account, os.DirFS("testdata"), bearer, sessions, engine.DenialsEach, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if err := client.Set(t.Context(), "sess:lives", "{}", time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

// redisFor is the Redis at FIELDGATE_TEST_REDIS_URL, or an embedded one.
func redisFor(t testing.TB) redis.UniversalClient {
	t.Helper()
	if url := os.Getenv("FIELDGATE_TEST_REDIS_URL"); url != "" {
		client, err := session.NewClient(url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { client.Close() })
		return client
	}
	client, stop, err := session.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return client
}

// token is one of a role, in a session.
func (s served) token(role, sid string, claims map[string]any) string {
	s.t.Helper()
	all := jwt.MapClaims{
		"iss": "tests", "aud": "account", "sub": "user-" + role, "role": role, "sid": sid,
		"iat": time.Now().Unix(), "exp": time.Now().Add(6 * time.Hour).Unix(),
	}
	maps.Copy(all, claims)
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, all)
	token.Header["kid"] = "ed"
	raw, err := token.SignedString(s.ed)
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

// shared is such a token of support's with a secret's signature.
func (s served) shared() string {
	s.t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": "tests", "aud": "account", "sub": "user-support", "role": "support", "sid": "lives", "exp": time.Now().Add(time.Hour).Unix(),
	})
	token.Header["kid"] = "hs"
	raw, err := token.SignedString(s.secret)
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

// ask sends a query and returns the status and what the answer holds: data, and the path of each error.
func (s served) ask(token, query string) (status int, data any, denied []string) {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": map[string]any{"n": 2}})
	if err != nil {
		s.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	var answer struct {
		Data   any
		Errors []struct {
			Path       []any
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		s.t.Fatalf("%v: %s", err, w.Body)
	}
	for _, e := range answer.Errors {
		if e.Extensions.Code != "FORBIDDEN" && e.Extensions.Code != "UNAUTHENTICATED" {
			s.t.Errorf("%s", w.Body)
		}
		denied = append(denied, fmt.Sprint(e.Path...))
	}
	slices.Sort(denied)
	return w.Code, answer.Data, denied
}

// permissions is testdata/permissions.json, from which the tests know what is right.
type permissions struct {
	Roles  map[string][]string
	Fields map[string]map[string]string
}

func read[T any](t *testing.T, name string) (v T) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// expect is the object of a type as a role is to see it, every list cut to two.
func (p permissions) expect(role, typeName string, object map[string]any, path []any, denied *[]string) map[string]any {
	of := map[string]string{
		"account": "Account", "balance": "Money", "phoneNumbers": "PhoneNumber", "apiKeys": "ApiKey", "usage": "UsageRecord",
		"logs": "LogEntry", "users": "User",
	}
	seen := map[string]any{}
	for field, permission := range p.Fields[typeName] {
		at := append(slices.Clone(path), field)
		if !slices.Contains(p.Roles[role], permission) {
			seen[field] = nil
			*denied = append(*denied, fmt.Sprint(at...))
			continue
		}
		switch value := object[field].(type) {
		case map[string]any:
			seen[field] = p.expect(role, of[field], value, at, denied)
		case []any:
			list := []any{}
			for i, element := range value[:2] {
				list = append(list, p.expect(role, of[field], element.(map[string]any), append(slices.Clone(at), float64(i)), denied))
			}
			seen[field] = list
		default:
			seen[field] = value
		}
	}
	slices.Sort(*denied)
	return seen
}

// everything asks for every field.
func (p permissions) everything() string {
	all := func(typeName string) string {
		return "{ " + strings.Join(slices.Sorted(maps.Keys(p.Fields[typeName])), " ") + " }"
	}
	return `query($n: Int) { account { sid friendlyName status type region timezone createdAt ownerEmail balance ` + all("Money") +
		` phoneNumbers(first: $n) ` + all("PhoneNumber") + ` apiKeys(first: $n) ` + all("ApiKey") + ` usage(first: $n) ` + all("UsageRecord") +
		` logs(first: $n) ` + all("LogEntry") + ` users ` + all("User") + ` } }`
}

// TestRoles: each role is answered what its permissions show, with an error for each place that they do not.
func TestRoles(t *testing.T) {
	s := serve(t, false)
	p := read[permissions](t, "testdata/permissions.json")
	data := read[map[string]any](t, "testdata/data.json")
	for role := range p.Roles {
		t.Run(role, func(t *testing.T) {
			var denials []string
			want := p.expect(role, "Query", data, nil, &denials)
			status, got, denied := s.ask(s.token(role, "lives", nil), p.everything())
			if status != http.StatusOK || !reflect.DeepEqual(got, any(want)) {
				t.Errorf("%d %v\nwant %v", status, got, want)
			}
			if !slices.Equal(denied, denials) {
				t.Errorf("denied %v\nwant %v", denied, denials)
			}
		})
	}
}

// TestRefused is who is not answered.
func TestRefused(t *testing.T) {
	s, other, unchecked := serve(t, false), serve(t, false), serve(t, true)
	const query = `{ account { sid } }`
	for _, row := range []struct {
		name   string
		by     served
		token  string
		status int
	}{
		{"a good token", s, s.token("support", "lives", nil), 200},
		{"a secret's signature", s, s.shared(), 200},
		{"another secret's signature", s, other.shared(), 401},
		{"a signature of another", s, other.token("support", "lives", nil), 401},
		{"over", s, s.token("support", "lives", map[string]any{"iat": time.Now().Add(-time.Hour).Unix(), "exp": time.Now().Add(-time.Minute).Unix()}), 401},
		{"another audience", s, s.token("support", "lives", map[string]any{"aud": "accounts"}), 401},
		{"a role that there is not", s, s.token("root", "lives", nil), 401},
		{"an ended session", s, s.token("support", "ended", nil), 401},
		{"a session that is not asked for", unchecked, unchecked.token("support", "ended", nil), 200},
		{"a signature of another, where no session is asked for", unchecked, other.token("support", "lives", nil), 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			if status, data, _ := row.by.ask(row.token, query); status != row.status || (data != nil) != (status == 200) {
				t.Errorf("%d %v, want %d", status, data, row.status)
			}
		})
	}
	if _, data, denied := s.ask("", query); !reflect.DeepEqual(data, any(map[string]any{"account": nil})) || len(denied) != 1 {
		t.Errorf("a guest: %v %v", data, denied)
	}
}

// TestAgrees: a comparison of other permissions is not served.
func TestAgrees(t *testing.T) {
	sessions := session.New(redisFor(t), time.Now, session.Options{})
	account, err := load(os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/permissions.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, old, by, says string }{
		{"a role holds less", `"PRODUCT_LOGS", "LOG_PAYLOADS"],`, `"PRODUCT_LOGS"],`, "developer holds"},
		{"a field needs another", `"price": "USAGE_COSTS"`, `"price": "USAGE"`, "UsageRecord.price needs"},
		{"a field is missing", `"amount": "BILLING", `, ``, "Money.amount needs"},
		{"there is one more field", `"amount": "BILLING", `, `"amount": "BILLING", "tax": "BILLING", `, "tax:BILLING"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if !bytes.Contains(text, []byte(row.old)) {
				t.Fatalf("%s is not there", row.old)
			}
			changed := fstest.MapFS{"permissions.json": {Data: bytes.Replace(text, []byte(row.old), []byte(row.by), 1)}}
			_, err := newHandler(account, changed, issuer.Bearer{}, sessions, engine.DenialsEach, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%v, want %q", err, row.says)
			}
		})
	}
}
