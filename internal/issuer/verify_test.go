package issuer

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/issuer/issuertest"
	"github.com/golang-jwt/jwt/v5"
)

// of is the configuration of a provider, changed by these functions.
func of(p *issuertest.Provider, changes ...func(*Config)) Config {
	c := Config{
		Name: "corp", Issuer: p.URL, Audiences: []string{"fieldgate"}, Algorithms: []string{"ES256"},
		Claims: Claims{Subject: "sub", Email: "email", Name: "name", Groups: "groups"}, Leeway: 30 * time.Second,
		Roles: map[string]policy.Role{
			"admins": policy.Administrator, "developers": policy.Developer, "finance": policy.BillingManager, "support": policy.Support,
		},
		Session: time.Hour, Refresh: time.Hour,
	}
	for _, change := range changes {
		change(&c)
	}
	return c
}

// running is a set of issuers whose keys have been fetched.
func running(t *testing.T, configs ...Config) *Set {
	t.Helper()
	s := NewSet(configs, http.DefaultTransport, time.Now, slog.New(slog.DiscardHandler))
	run(t, s)
	for _, from := range s.issuers {
		eventually(t, func() bool { from.mu.Lock(); defer from.mu.Unlock(); return from.keys != nil })
	}
	return s
}

func run(t *testing.T, s *Set) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
}

func eventually(t *testing.T, is func() bool) {
	t.Helper()
	for late := time.Now().Add(15 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("it does not come to be")
		}
	}
}

// rsaKey is a key of RS256, published with this alg, "" for none.
func rsaKey(t *testing.T, id, alg string, bits int) *issuertest.Key {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	public := map[string]any{"kty": "RSA", "kid": id, "n": segment(private.N.Bytes()), "e": segment(big.NewInt(int64(private.E)).Bytes())}
	if alg != "" {
		public["alg"] = alg
	}
	return &issuertest.Key{ID: id, Method: jwt.SigningMethodRS256, Private: private, Public: public}
}

func segment(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func TestVerify(t *testing.T) {
	p := issuertest.New(t)
	s := running(t, of(p))
	key := issuertest.NewKey(t, "other") // which nobody has published
	now := time.Now()
	first := firstKey(p)
	for _, row := range []struct {
		name   string
		header map[string]any
		claims map[string]any
		err    error // nil for a token that is good
	}{
		{"a good one", nil, nil, nil},
		{"a good one for several", nil, map[string]any{"aud": []string{"elsewhere", "fieldgate"}}, nil},
		{"as an access token of RFC 9068", map[string]any{"typ": "at+jwt"}, nil, nil},
		{"without a typ", map[string]any{"typ": nil}, nil, nil},
		{"with a thumbprint that nobody reads", map[string]any{"x5t": "c29tZXRoaW5n"}, nil, nil},
		{"ended, within the leeway", nil, map[string]any{"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(-10 * time.Second).Unix()}, nil},
		{"a time with a fraction", nil, map[string]any{"exp": float64(now.Add(time.Minute).UnixMilli()) / 1000}, nil},

		{"for another audience", nil, map[string]any{"aud": "elsewhere"}, ErrInvalid},
		{"for no audience", nil, map[string]any{"aud": nil}, ErrInvalid},
		{"for an audience of another kind", nil, map[string]any{"aud": []any{1, true, nil}}, ErrInvalid},
		{"for an audience whose name begins so", nil, map[string]any{"aud": "fieldgate2"}, ErrInvalid},
		{"of another issuer", nil, map[string]any{"iss": "https://elsewhere.example"}, ErrInvalid},
		{"of the issuer with a slash", nil, map[string]any{"iss": p.URL + "/"}, ErrInvalid},
		{"of no issuer", nil, map[string]any{"iss": nil}, ErrInvalid},
		{"of issuers", nil, map[string]any{"iss": []string{p.URL}}, ErrInvalid},
		{"ended", nil, map[string]any{"exp": now.Add(-time.Hour).Unix()}, ErrInvalid},
		{"without an end", nil, map[string]any{"exp": nil}, ErrInvalid},
		{"with an end that is text", nil, map[string]any{"exp": "4102444800"}, ErrInvalid},
		{"with an end beyond all years", nil, map[string]any{"exp": 1e18}, ErrInvalid},
		{"of tomorrow", nil, map[string]any{"nbf": now.Add(time.Hour).Unix()}, ErrInvalid},
		{"issued tomorrow", nil, map[string]any{"iat": now.Add(time.Hour).Unix(), "exp": now.Add(2 * time.Hour).Unix()}, ErrInvalid},
		{"without iat", nil, map[string]any{"iat": nil}, ErrInvalid},
		{"issued last week", nil, map[string]any{"iat": now.Add(-7 * 24 * time.Hour).Unix()}, ErrInvalid},
		{"issued after its end", nil, map[string]any{"iat": now.Add(10 * time.Second).Unix(), "exp": now.Add(5 * time.Second).Unix()}, ErrInvalid},
		{"about nobody", nil, map[string]any{"sub": nil}, ErrInvalid},
		{"about a number", nil, map[string]any{"sub": 1001}, ErrInvalid},
		{"about a subject without end", nil, map[string]any{"sub": strings.Repeat("x", 256)}, ErrInvalid},
		{"longer than the limit", nil, map[string]any{"padding": strings.Repeat("x", maxToken)}, ErrInvalid},
		{"with a critical extension", map[string]any{"crit": []string{"exp"}}, nil, ErrInvalid},
		{"with a key of its own", map[string]any{"jwk": key.Public}, nil, ErrInvalid},
		{"with the address of a key", map[string]any{"jku": p.URL + "/keys"}, nil, ErrInvalid},
		{"with a certificate", map[string]any{"x5c": []string{"MIIB"}}, nil, ErrInvalid},
		{"with the address of a certificate", map[string]any{"x5u": p.URL}, nil, ErrInvalid},
		{"without a kid", map[string]any{"kid": nil}, nil, ErrInvalid},
		{"with a kid that is a number", map[string]any{"kid": 1}, nil, ErrInvalid},
		{"with the kid of no key", map[string]any{"kid": "../first"}, nil, ErrInvalid},
		{"as a logout token", map[string]any{"typ": "logout+jwt"}, nil, ErrInvalid},
		{"as a typ of another kind", map[string]any{"typ": 1}, nil, ErrInvalid},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := s.Verify(t.Context(), first.Sign(t, row.header, p.Claims(row.claims)))
			if !errors.Is(err, row.err) {
				t.Fatalf("%v, want %v", err, row.err)
			}
			if row.err != nil && (got.Subject != "" || got.Roles != nil) {
				t.Errorf("%+v", got)
			}
			if row.err == nil && (got.Issued.IsZero() || got.Subject != "1001" || got.Email != "ines@corp.example" || got.Name != "Ines Ortega" || !slices.Equal(got.Roles, []policy.Role{policy.Support})) {
				t.Errorf("%+v", got)
			}
		})
	}
	t.Run("signed by somebody else under the same kid", func(t *testing.T) {
		key := issuertest.NewKey(t, "first")
		if _, err := s.Verify(t.Context(), key.Sign(t, nil, p.Claims(nil))); !errors.Is(err, ErrInvalid) {
			t.Error(err)
		}
	})
	if fetches := p.Fetches(); fetches > 1+unknownBurst {
		t.Errorf("the keys were fetched %d times", fetches)
	}
}

// firstKey is the provider's key.
func firstKey(p *issuertest.Provider) *issuertest.Key {
	return p.Keys()[0]
}

// TestVerifyForms are texts that are no token, or a token in another spelling than its one.
func TestVerifyForms(t *testing.T) {
	p := issuertest.New(t)
	s := running(t, of(p))
	good := p.Token(nil)
	if _, err := s.Verify(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	claims, err := json.Marshal(p.Claims(nil))
	if err != nil {
		t.Fatal(err)
	}
	first := firstKey(p)
	sign := func(header, claims string) string {
		signed := segment([]byte(header)) + "." + segment([]byte(claims))
		signature, err := first.Method.Sign(signed, first.Private)
		if err != nil {
			t.Fatal(err)
		}
		return signed + "." + segment(signature)
	}
	header := `{"alg":"ES256","kid":"first"}`
	if _, err := s.Verify(t.Context(), sign(header, string(claims))); err != nil {
		t.Fatalf("the test's own signing: %v", err)
	}
	for name, raw := range map[string]string{
		"nothing":                        "",
		"two parts":                      parts[0] + "." + parts[1],
		"four parts":                     good + ".x",
		"no signature":                   parts[0] + "." + parts[1] + ".",
		"padding":                        parts[0] + "=." + parts[1] + "." + parts[2],
		"a line break":                   parts[0] + "." + parts[1] + "\n." + parts[2],
		"a blank before":                 " " + good,
		"a header that is no object":     sign(`["ES256"]`, string(claims)),
		"an alg twice":                   sign(`{"alg":"ES256","kid":"first","alg":"ES256"}`, string(claims)),
		"an alg in another case":         sign(`{"ALG":"ES256","kid":"first"}`, string(claims)),
		"a claim twice":                  sign(header, strings.TrimSuffix(string(claims), "}")+`,"sub":"1002"}`),
		"a claim twice by an escape":     sign(header, strings.TrimSuffix(string(claims), "}")+`,"s\u0075b":"1002"}`),
		"claims that are no object":      sign(header, `"x"`),
		"claims and more":                sign(header, string(claims)+"{}"),
		"claims that are nested forever": sign(header, `{"x":`+strings.Repeat("[", 5000)),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := s.Verify(t.Context(), raw); !errors.Is(err, ErrInvalid) {
				t.Errorf("%v, want ErrInvalid", err)
			}
		})
	}
}

// TestAlgorithms: an algorithm is one that the issuer is configured with, and the key is one of it.
func TestAlgorithms(t *testing.T) {
	p := issuertest.New(t)
	rsaAny, rsaPS, small := rsaKey(t, "rsa", "", 2048), rsaKey(t, "rsa-ps", "PS256", 2048), rsaKey(t, "small", "", 1024)
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	edwards := &issuertest.Key{ID: "ed", Method: jwt.SigningMethodEdDSA, Private: private, Public: map[string]any{
		"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": segment(public),
	}}
	symmetric := &issuertest.Key{ID: "oct", Method: jwt.SigningMethodHS256, Private: []byte("a secret that was published"), Public: map[string]any{
		"kty": "oct", "kid": "oct", "k": segment([]byte("a secret that was published")),
	}}
	encrypts := issuertest.NewKey(t, "encrypts")
	encrypts.Public["use"] = "enc"
	for _, key := range []*issuertest.Key{rsaAny, rsaPS, small, edwards, symmetric, encrypts} {
		p.Add(key)
	}
	s := running(t, of(p, func(c *Config) { c.Algorithms = []string{"ES256", "RS256", "PS256", "EdDSA"} }))
	only := running(t, of(p))
	with := func(k *issuertest.Key, method jwt.SigningMethod) string {
		return (&issuertest.Key{ID: k.ID, Method: method, Private: k.Private}).Sign(t, nil, p.Claims(nil))
	}
	pem := rsaAny.Private.(*rsa.PrivateKey).PublicKey.N.Bytes()
	for _, row := range []struct {
		name string
		set  *Set
		raw  string
		good bool
	}{
		{"ES256", s, with(firstKey(p), jwt.SigningMethodES256), true},
		{"RS256", s, with(rsaAny, jwt.SigningMethodRS256), true},
		{"PS256 by a key that does not say", s, with(rsaAny, jwt.SigningMethodPS256), true},
		{"PS256", s, with(rsaPS, jwt.SigningMethodPS256), true},
		{"EdDSA", s, with(edwards, jwt.SigningMethodEdDSA), true},
		{"RS256 by a key of PS256", s, with(rsaPS, jwt.SigningMethodRS256), false},
		{"RS384, which is not configured", s, with(rsaAny, jwt.SigningMethodRS384), false},
		{"RS256 where only ES256 is configured", only, with(rsaAny, jwt.SigningMethodRS256), false},
		{"RS256 by a key that is too short", s, with(small, jwt.SigningMethodRS256), false},
		{"HS256 by a key that is published", s, with(symmetric, jwt.SigningMethodHS256), false},
		{"HS256 by the public key", s, (&issuertest.Key{ID: "rsa", Method: jwt.SigningMethodHS256, Private: pem}).Sign(t, nil, p.Claims(nil)), false},
		{"a key for encryption", s, with(encrypts, jwt.SigningMethodES256), false},
		{"none", s, (&issuertest.Key{ID: "first", Method: jwt.SigningMethodNone, Private: jwt.UnsafeAllowNoneSignatureType}).Sign(t, nil, p.Claims(nil)) + "x", false},
		{"none, in capitals", s, unsigned(t, "NONE", p), false},
		{"the alg of another kind of key", s, relabelled(t, p, "EdDSA"), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := row.set.Verify(t.Context(), row.raw); (err == nil) != row.good || err != nil && !errors.Is(err, ErrInvalid) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestStrength: what auth/jws refuses in a token of ours is refused in one of another issuer, a salt of another length
// than the hash and a key that anybody can sign for.
func TestStrength(t *testing.T) {
	p := issuertest.New(t)
	rs := rsaKey(t, "rsa", "PS256", 2048)
	p.Add(rs)
	p.Add(&issuertest.Key{ID: "weak", Public: map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": "weak", "x": segment(make([]byte, 32))}})
	s := running(t, of(p, func(c *Config) { c.Algorithms = []string{"PS256", "EdDSA"} }))
	signed := func(header string, jti int) string {
		claims, err := json.Marshal(p.Claims(map[string]any{"jti": jti}))
		if err != nil {
			t.Fatal(err)
		}
		return segment([]byte(header)) + "." + segment(claims)
	}
	for salt, good := range map[int]bool{sha256.Size: true, rsa.PSSSaltLengthAuto: false, 20: false} {
		text := signed(`{"alg":"PS256","kid":"rsa"}`, 0)
		sum := sha256.Sum256([]byte(text))
		signature, err := rsa.SignPSS(rand.Reader, rs.Private.(*rsa.PrivateKey), crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: salt})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Verify(t.Context(), text+"."+segment(signature)); (err == nil) != good || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("a salt of %d bytes (0: as many as fit): %v", salt, err)
		}
	}
	nothing := make([]byte, ed25519.SignatureSize)
	nothing[0] = 1 // R is the neutral point and S zero
	for i := range 64 {
		if _, err := s.Verify(t.Context(), signed(`{"alg":"EdDSA","kid":"weak"}`, i)+"."+segment(nothing)); err == nil {
			t.Fatal("a signature of nothing is taken")
		}
	}
}

// TestOwnToken: a token of the gateway's own is good for no exchange, whoever publishes its key.
func TestOwnToken(t *testing.T) {
	p := issuertest.New(t)
	seed := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	keys, err := token.NewKeys(seed)
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(keys.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	ours := &issuertest.Key{ID: set.Keys[0]["kid"].(string), Method: jwt.SigningMethodEdDSA, Private: seed, Public: set.Keys[0]}
	p.Add(ours)
	s := running(t, of(p, func(c *Config) { c.Algorithms = []string{"EdDSA"} }))
	if _, err := s.Verify(t.Context(), ours.Sign(t, nil, p.Claims(nil))); err != nil {
		t.Fatalf("with its key, in the issuer's name: %v", err)
	}
	own, err := token.NewAuthority(keys, "fieldgate", "fieldgate", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	raw, _, err := own.Issue(token.Claims{Subject: "US1", SessionID: "s", Account: "AC1", Roles: []string{"SUPPORT"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Verify(t.Context(), raw); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
}

// unsigned is a token of an algorithm that there is not, with an HMAC by nothing.
func unsigned(t *testing.T, alg string, p *issuertest.Provider) string {
	t.Helper()
	claims, err := json.Marshal(p.Claims(nil))
	if err != nil {
		t.Fatal(err)
	}
	signed := segment([]byte(`{"alg":"`+alg+`","kid":"first"}`)) + "." + segment(claims)
	mac := hmac.New(sha256.New, nil)
	mac.Write([]byte(signed))
	return signed + "." + segment(mac.Sum(nil))
}

// relabelled is a token with a good signature of ES256 that says it is another algorithm's.
func relabelled(t *testing.T, p *issuertest.Provider, alg string) string {
	t.Helper()
	claims, err := json.Marshal(p.Claims(nil))
	if err != nil {
		t.Fatal(err)
	}
	signed := segment([]byte(`{"alg":"`+alg+`","kid":"first"}`)) + "." + segment(claims)
	first := firstKey(p)
	signature, err := first.Method.Sign(signed, first.Private.(crypto.Signer))
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + segment(signature)
}

// TestTwoIssuersOneKid: the key of one issuer verifies nothing of another, though both call theirs the same.
func TestTwoIssuersOneKid(t *testing.T) {
	one, two := issuertest.New(t), issuertest.New(t)
	s := running(t, of(one), of(two, func(c *Config) { c.Name = "partner"; c.Roles = map[string]policy.Role{"support": policy.Developer} }))
	for _, row := range []struct {
		name   string
		signer *issuertest.Provider
		iss    string
		want   policy.Role // "" for a refusal
	}{
		{"the one", one, one.URL, policy.Support},
		{"the other", two, two.URL, policy.Developer},
		{"the one in the other's name", one, two.URL, ""},
		{"the other in the one's name", two, one.URL, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := s.Verify(t.Context(), row.signer.Token(map[string]any{"iss": row.iss}))
			if row.want == "" && !errors.Is(err, ErrInvalid) || row.want != "" && (err != nil || !slices.Equal(got.Roles, []policy.Role{row.want})) {
				t.Errorf("%+v, %v", got.Roles, err)
			}
		})
	}
}

func TestGroups(t *testing.T) {
	mapped := of(&issuertest.Provider{}).Roles
	decode := func(text string) map[string]any {
		var claims map[string]any
		if err := json.Unmarshal([]byte(text), &claims); err != nil {
			t.Fatal(err)
		}
		return claims
	}
	for _, row := range []struct {
		name, claim, claims string
		want                []policy.Role
	}{
		{"a list", "groups", `{"groups":["everyone","support"]}`, []policy.Role{policy.Support}},
		{"Entra's app roles", "roles", `{"roles":["finance"],"groups":["admins"]}`, []policy.Role{policy.BillingManager}},
		{"Keycloak's realm roles", "realm_access.roles", `{"realm_access":{"roles":["offline_access","developers","support"]}}`, []policy.Role{policy.Developer, policy.Support}},
		{"a namespaced claim", "https://corp.example/groups", `{"https://corp.example/groups":["finance"]}`, []policy.Role{policy.BillingManager}},
		{"a text of words, which is one group", "groups", `{"groups":"lunch admins"}`, nil},
		{"one text", "groups", `{"groups":"developers"}`, []policy.Role{policy.Developer}},
		{"one group twice", "groups", `{"groups":["support","support"]}`, []policy.Role{policy.Support}},
		{"Administrator wins", "groups", `{"groups":["developers","admins","support"]}`, []policy.Role{policy.Administrator}},
		{"all three", "groups", `{"groups":["support","finance","developers"]}`, []policy.Role{policy.Developer, policy.BillingManager, policy.Support}},
		{"in another case", "groups", `{"groups":["Support"]}`, nil},
		{"a list within a list", "groups", `{"groups":[["support"]]}`, nil},
		{"a list with other things", "groups", `{"groups":[1,null,"support"]}`, []policy.Role{policy.Support}},
		{"a path into a list", "groups.0", `{"groups":["support"]}`, nil},
		{"a path into nothing", "a.b.c", `{"a":{"b":null}}`, nil},
		{"a name with dots, where there is a path", "a.b", `{"a.b":["admins"],"a":{"b":["support"]}}`, []policy.Role{policy.Support}},
		{"nothing", "groups", `{}`, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := rolesOf(groups(at(decode(row.claims), row.claim), false), mapped); !slices.Equal(got, row.want) {
				t.Errorf("%v, want %v", got, row.want)
			}
		})
	}
	for text, want := range map[string][]policy.Role{
		`{"scope":"openid support  finance"}`: {policy.BillingManager, policy.Support}, `{"scope":["support finance","developers"]}`: {policy.Developer},
	} {
		if got := rolesOf(groups(at(decode(text), "scope"), true), mapped); !slices.Equal(got, want) {
			t.Errorf("%s, with spaces in between: %v, want %v", text, got, want)
		}
	}
	if got := rolesOf([]string{"root"}, map[string]policy.Role{"root": policy.Owner}); got != nil {
		t.Errorf("a group has made an Owner: %v", got)
	}
}
