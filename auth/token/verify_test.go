package token

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// seededKey is the same key in every run; n tells keys apart.
func seededKey(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}

// forger makes tokens of any content, by default with the authority's own key.
type forger struct {
	*Authority
	now time.Time
}

func newForger(t testing.TB) *forger {
	t.Helper()
	keys, err := NewKeys(seededKey(1), seededKey(2))
	if err != nil {
		t.Fatal(err)
	}
	f := &forger{now: start}
	if f.Authority, err = NewAuthority(keys, "https://issuer.example", "fieldgate", func() time.Time { return f.now }); err != nil {
		t.Fatal(err)
	}
	return f
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// sign signs a header and claims, whatever they are.
func (f *forger) sign(header, claims string) string {
	signed := encode(header) + "." + encode(claims)
	return signed + "." + encode(string(ed25519.Sign(f.keys.signer, []byte(signed))))
}

func (f *forger) header(change map[string]any) string {
	return merge(map[string]any{"alg": "EdDSA", "typ": "at+jwt", "kid": f.keys.kid}, change)
}

func (f *forger) claims(change map[string]any) string {
	return merge(map[string]any{
		"iss": "https://issuer.example", "aud": "fieldgate", "sub": "US1", "sid": "s1", "account": "AC1",
		"roles": []string{"DEVELOPER"}, "iat": start.Unix(), "exp": start.Add(TTL).Unix(), "jti": "j1",
	}, change)
}

// merge writes members as JSON with the changes made; a nil change takes the member away.
func merge(members, change map[string]any) string {
	maps.Copy(members, change)
	maps.DeleteFunc(members, func(_ string, value any) bool { return value == nil })
	text, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (f *forger) withHeader(name string, value any) string {
	return f.sign(f.header(map[string]any{name: value}), f.claims(nil))
}

func (f *forger) withClaim(name string, value any) string {
	return f.sign(f.header(nil), f.claims(map[string]any{name: value}))
}

// withRaw adds members to the claims as text, which json.Marshal would not write.
func (f *forger) withRaw(members string) string {
	return f.sign(f.header(nil), strings.TrimSuffix(f.claims(map[string]any{"iat": nil}), "}")+","+members+"}")
}

func TestIssueAndVerify(t *testing.T) {
	f := newForger(t)
	f.now = start.Add(300 * time.Millisecond)
	raw, expires, err := f.Issue(Claims{Subject: "US1", SessionID: "s1", Account: "AC1", Roles: []string{"DEVELOPER", "SUPPORT"}})
	if err != nil {
		t.Fatal(err)
	}
	claims, err := f.Verify(raw)
	if err != nil {
		t.Fatal(err)
	}
	if claims.ID == "" || claims.Issuer != "https://issuer.example" || claims.Audience != "fieldgate" ||
		claims.Subject != "US1" || claims.SessionID != "s1" || claims.Account != "AC1" ||
		!slices.Equal(claims.Roles, []string{"DEVELOPER", "SUPPORT"}) ||
		!claims.IssuedAt.Equal(start) || !claims.ExpiresAt.Equal(start.Add(TTL)) || !expires.Equal(claims.ExpiresAt) {
		t.Errorf("Verify gave %+v", claims)
	}
	again, _, err := f.Issue(Claims{Subject: "US1", SessionID: "s1", Account: "AC1"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := f.Verify(again)
	if err != nil || other.ID == claims.ID || len(other.Roles) != 0 {
		t.Errorf("a second token, without roles: %+v, %v", other, err)
	}
}

func TestIssueRefuses(t *testing.T) {
	f := newForger(t)
	for name, claims := range map[string]Claims{
		"no subject": {SessionID: "s1", Account: "AC1"},
		"no session": {Subject: "US1", Account: "AC1"},
		"no account": {Subject: "US1", SessionID: "s1"},
		"too long":   {Subject: strings.Repeat("x", MaxSize), SessionID: "s1", Account: "AC1"},
	} {
		if raw, _, err := f.Issue(claims); err == nil || raw != "" {
			t.Errorf("%s: a token was issued", name)
		}
	}
}

func TestVerifyAccepts(t *testing.T) {
	f := newForger(t)
	for name, raw := range map[string]string{
		"the usual":           f.withHeader("typ", "at+jwt"),
		"typ in full":         f.withHeader("typ", "application/at+jwt"),
		"typ in capitals":     f.withHeader("typ", "AT+JWT"),
		"the older key":       signWith(f, seededKey(1)),
		"roles as one text":   f.withClaim("roles", "DEVELOPER"),
		"role":                f.sign(f.header(nil), f.claims(map[string]any{"roles": nil, "role": "DEVELOPER"})),
		"audience in a list":  f.withClaim("aud", []string{"other", "fieldgate"}),
		"a claim we know not": f.withClaim("scope", "all"),
		"iat within leeway":   f.withClaim("iat", start.Add(Leeway).Unix()),
		"nbf within leeway":   f.withClaim("nbf", start.Add(Leeway).Unix()),
		"ended within leeway": f.sign(f.header(nil), f.claims(map[string]any{"iat": start.Add(-TTL).Unix(), "exp": start.Add(time.Second - Leeway).Unix()})),
	} {
		claims, err := f.Verify(raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !slices.Equal(claims.Roles, []string{"DEVELOPER"}) || claims.Audience != "fieldgate" {
			t.Errorf("%s: got %+v", name, claims)
		}
	}
}

// signWith signs the usual token with another key than the newest, and names it.
func signWith(f *forger, key ed25519.PrivateKey) string {
	other, err := NewKeys(key)
	if err != nil {
		panic(err)
	}
	signer := &forger{Authority: &Authority{keys: other}}
	return signer.sign(signer.header(nil), signer.claims(nil))
}

func TestVerifyExpired(t *testing.T) {
	f := newForger(t)
	good, _, err := f.Issue(Claims{Subject: "US1", SessionID: "s1", Account: "AC1"})
	if err != nil {
		t.Fatal(err)
	}
	foreign := f.withClaim("aud", "other")
	f.now = start.Add(TTL + Leeway - time.Nanosecond)
	if _, err := f.Verify(good); err != nil {
		t.Errorf("just before the end: %v", err)
	}
	f.now = start.Add(TTL + Leeway)
	if _, err := f.Verify(good); !errors.Is(err, ErrExpired) || !errors.Is(err, ErrInvalid) {
		t.Errorf("at the end: %v, want ErrExpired", err)
	}
	if _, err := f.Verify(foreign); errors.Is(err, ErrExpired) {
		t.Error("another audience's token is told to be only expired")
	}
}

func FuzzVerify(f *testing.F) {
	forge := newForger(f)
	good := forge.withHeader("typ", "at+jwt")
	for _, seed := range []string{
		good, "", "..", good + ".", good[:len(good)-1], forge.withHeader("crit", []string{"exp"}),
		forge.withRaw(`"iat":1e400`), forge.withRaw(`"iat":1,"iat":2`), forge.sign("{}", "{}"), forge.sign("[[[[", "]]]]"),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		claims, err := forge.Verify(raw)
		if err != nil {
			if !errors.Is(err, ErrInvalid) || claims.Subject != "" {
				t.Errorf("refused with %v and %+v", err, claims)
			}
			return
		}
		// Nobody has the key, so what is accepted can only be what was signed here.
		if raw != good {
			t.Errorf("a forged token was accepted: %q", raw)
		}
	})
}

// FuzzClaims signs whatever it gets, so that the reading of claims is reached.
func FuzzClaims(f *testing.F) {
	forge := newForger(f)
	for _, seed := range []string{
		forge.claims(nil), forge.claims(map[string]any{"exp": -1}), "{}", "null", `{"iat":1e400}`, `{"a":{"a":{}},"a":1}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		claims, err := forge.Verify(forge.sign(forge.header(nil), text))
		if err != nil {
			return
		}
		life := claims.ExpiresAt.Sub(claims.IssuedAt)
		if claims.Subject == "" || claims.SessionID == "" || claims.Account == "" || claims.ID == "" ||
			claims.Issuer != "https://issuer.example" || claims.Audience != "fieldgate" ||
			life <= 0 || life > TTL+Leeway || claims.IssuedAt.After(start.Add(Leeway)) || !claims.ExpiresAt.After(start.Add(-Leeway)) {
			t.Errorf("accepted %q as %+v", text, claims)
		}
	})
}
