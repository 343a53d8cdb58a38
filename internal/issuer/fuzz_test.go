package issuer

import (
	"encoding/base64"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/auth/jws"
	"github.com/fieldgate/fieldgate/auth/policy"
)

// FuzzRead: whatever is taken apart is a token in its one spelling, and nobody whom it is about holds what is no role.
func FuzzRead(f *testing.F) {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for _, header := range []string{`{"alg":"RS256","kid":"a","typ":"JWT"}`, `{"alg":"none"}`, `{"alg":"ES256","kid":"a","crit":["b64"],"b64":false}`, `{"alg":"ES256","kid":"a","x5t":"b"}`, `[]`} {
		f.Add(part(header) + "." + part(`{"iss":"https://x","realm_access":{"roles":["a"]},"exp":1e9,"aud":["x"]}`) + "." + part("signature"))
	}
	f.Add("..")
	f.Add("a.b.c.d")
	c := Config{Claims: Claims{"sub", "email", "name", "realm_access.roles"}, Roles: map[string]policy.Role{"a": policy.Support}}
	f.Fuzz(func(t *testing.T, raw string) {
		token, err := read(raw)
		if err != nil {
			return
		}
		if parts := strings.Split(raw, "."); len(parts) != 3 || token.claims == nil || base64.RawURLEncoding.EncodeToString(token.payload) != parts[1] {
			t.Fatalf("read: %q", raw)
		}
		if p, err := (&source{config: c}).person(token); err == nil && (p.Subject == "" || p.Issued.IsZero() || p.Roles != nil && policy.ValidRoles(p.Roles) != nil) {
			t.Fatalf("%+v", p)
		}
	})
}

// FuzzParse: whatever file is accepted has issuers that may be believed.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		good, "issuers: []", "issuers:\n- {name: a}", "a: &x [*x]", "? a\n: b", "!!map {}", "issuers: |\n  x", "{", "---\n---\n", "issuers: {<<: x}",
		strings.Replace(good, "[RS256]", "[none, HS256]", 1), good + "    session: 0x10m\n", good + "    claims:\n      groups: a.b\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse("f", text, func(string) ([]byte, error) { return nil, fs.ErrNotExist })
		if (err == nil) == (file.Issuers == nil && file.Bearers == nil) {
			t.Fatalf("%v comes with %v", err, file)
		}
		for _, c := range file.Issuers {
			if !slug.MatchString(c.Name) || len(c.Audiences) == 0 || len(c.Algorithms) == 0 || len(c.Roles) == 0 || c.Leeway > maxLeeway || c.Session > maxSession || c.Session <= 0 || c.Refresh <= 0 || c.Refresh > maxRefresh {
				t.Fatalf("%+v", c)
			}
			for _, alg := range c.Algorithms {
				if !slices.Contains(jws.Algorithms(), alg) {
					t.Fatalf("the algorithm %s", alg)
				}
			}
			for _, role := range c.Roles {
				if role == policy.Owner || policy.ValidRoles([]policy.Role{role}) != nil {
					t.Fatalf("the role %s", role)
				}
			}
		}
	})
}
