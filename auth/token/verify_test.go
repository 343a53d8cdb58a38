package token

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
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

func TestVerifyRefuses(t *testing.T) {
	f := newForger(t)
	good := f.withHeader("typ", "at+jwt")
	parts := strings.Split(good, ".")
	claims, public := f.claims(nil), f.keys.signer.Public().(ed25519.PublicKey)

	hs256 := func(header string, secret []byte) string {
		signed := encode(header) + "." + encode(claims)
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(signed))
		return signed + "." + encode(string(mac.Sum(nil)))
	}
	stranger := &forger{Authority: &Authority{keys: &Keys{signer: seededKey(9), kid: f.keys.kid}}}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	foreign := func(name string, value any) string {
		return stranger.sign(stranger.header(map[string]any{name: value}), claims)
	}
	jwkOf := func(key ed25519.PrivateKey) map[string]string {
		return map[string]string{"kty": "OKP", "crv": "Ed25519", "x": encode(string(key.Public().(ed25519.PublicKey)))}
	}

	for name, raw := range map[string]string{
		// Form.
		"empty":                     "",
		"dots":                      "..",
		"one part":                  parts[0],
		"two parts":                 parts[0] + "." + parts[1],
		"empty signature":           parts[0] + "." + parts[1] + ".",
		"empty claims":              parts[0] + ".." + parts[2],
		"empty header":              "." + parts[1] + "." + parts[2],
		"four parts":                good + ".AA",
		"JWE, five parts":           good + ".AA.AA",
		"too long":                  f.withClaim("pad", strings.Repeat("x", MaxSize)),
		"padding":                   good + "==",
		"standard base64":           parts[0] + "." + parts[1] + "." + base64.StdEncoding.EncodeToString(signature),
		"line break in signature":   good[:len(good)-4] + "\n" + good[len(good)-4:],
		"space before":              " " + good,
		"truncated signature":       good[:len(good)-4],
		"bits beyond the last byte": good[:len(good)-1] + string(good[len(good)-1]+1),
		"JSON serialization":        `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,

		// Signature and algorithm.
		"alg none":                   encode(f.header(map[string]any{"alg": "none"})) + "." + encode(claims) + "." + encode("x"),
		"alg none, no signature":     encode(f.header(map[string]any{"alg": "none"})) + "." + encode(claims) + ".",
		"alg nOnE":                   f.withHeader("alg", "nOnE"),
		"alg in lower case":          f.withHeader("alg", "eddsa"),
		"alg Ed25519":                f.withHeader("alg", "Ed25519"),
		"alg a list":                 f.withHeader("alg", []string{"EdDSA"}),
		"alg missing":                f.withHeader("alg", nil),
		"HS256 with the public key":  hs256(f.header(map[string]any{"alg": "HS256"}), public),
		"HS256 with the JWK set":     hs256(f.header(map[string]any{"alg": "HS256"}), f.keys.JWKS()),
		"HMAC that claims EdDSA":     hs256(f.header(nil), public),
		"zero signature":             parts[0] + "." + parts[1] + "." + encode(string(make([]byte, 64))),
		"long signature":             parts[0] + "." + parts[1] + "." + encode(string(signature)+"\x00"),
		"signature of another token": parts[0] + "." + encode(f.claims(map[string]any{"sub": "US2"})) + "." + parts[2],
		"another's key":              stranger.sign(stranger.header(nil), claims),

		// Key.
		"kid missing":      f.withHeader("kid", nil),
		"kid empty":        f.withHeader("kid", ""),
		"kid a number":     f.withHeader("kid", 1),
		"kid unknown":      f.withHeader("kid", "other"),
		"kid a path":       f.withHeader("kid", "../../../../dev/null"),
		"kid SQL":          f.withHeader("kid", "x' UNION SELECT 'key"),
		"kid of other key": f.withHeader("kid", thumbprint(seededKey(1).Public().(ed25519.PublicKey))),
		"jku":              foreign("jku", "https://attacker.example/jwks.json"),
		"jwk":              foreign("jwk", jwkOf(seededKey(9))),
		"x5u":              foreign("x5u", "https://attacker.example/cert.pem"),
		"x5c":              foreign("x5c", []string{"MIIB"}),

		// Header.
		"crit":               f.withHeader("crit", []string{"exp"}),
		"crit empty":         f.withHeader("crit", []string{}),
		"jku, good key":      f.withHeader("jku", "https://issuer.example/jwks.json"),
		"jwk, good key":      f.withHeader("jwk", jwkOf(f.keys.signer)),
		"b64":                f.withHeader("b64", false),
		"zip":                f.withHeader("zip", "DEF"),
		"cty JWT":            f.withHeader("cty", "JWT"),
		"typ missing":        f.withHeader("typ", nil),
		"typ JWT":            f.withHeader("typ", "JWT"),
		"typ of an id token": f.withHeader("typ", "id+jwt"),
		"duplicate alg":      f.sign(`{"alg":"none",`+f.header(nil)[1:], claims),
		"duplicate, escaped": f.sign(`{"\u0061lg":"none",`+f.header(nil)[1:], claims),
		"header a list":      f.sign(`[]`, claims),
		"header null":        f.sign(`null`, claims),
		"header not JSON":    f.sign(`{"alg":EdDSA}`, claims),
		"header and more":    f.sign(f.header(nil)+"{}", claims),
		"header not UTF-8":   f.sign(strings.Replace(f.header(nil), "at+jwt", "at+jwt\xff", 1), claims),

		// Claims.
		"duplicate sub":        f.sign(f.header(nil), `{"sub":"US2",`+claims[1:]),
		"duplicate, nested":    f.withRaw(`"iat":1,"x":{"a":1,"a":2}`),
		"nested deeply":        f.withRaw(`"iat":1,"x":` + strings.Repeat("[", 500) + strings.Repeat("]", 500)),
		"claims a list":        f.sign(f.header(nil), "["+claims+"]"),
		"claims twice":         f.sign(f.header(nil), claims+claims),
		"claims not UTF-8":     f.sign(f.header(nil), strings.Replace(claims, "US1", "US1\xff", 1)),
		"another iss":          f.withClaim("iss", "https://issuer.example/"),
		"another aud":          f.withClaim("aud", "other"),
		"other audiences":      f.withClaim("aud", []string{"other", "third"}),
		"no audience":          f.withClaim("aud", []string{}),
		"aud not text":         f.withClaim("aud", []any{"fieldgate", 1}),
		"SUB in capitals":      f.sign(f.header(nil), strings.Replace(claims, `"sub"`, `"SUB"`, 1)),
		"sub a number":         f.withClaim("sub", 7),
		"sub empty":            f.withClaim("sub", ""),
		"roles a number":       f.withClaim("roles", 7),
		"roles holds a number": f.withClaim("roles", []any{"DEVELOPER", 7}),
		"roles holds nothing":  f.withClaim("roles", []string{""}),
		"roles an object":      f.withClaim("roles", map[string]string{"a": "OWNER"}),
		"roles null":           f.sign(f.header(nil), strings.Replace(claims, `["DEVELOPER"]`, "null", 1)),

		// Times.
		"iat beyond leeway":    f.withClaim("iat", start.Add(Leeway+time.Second).Unix()),
		"nbf beyond leeway":    f.withClaim("nbf", start.Add(Leeway+time.Second).Unix()),
		"too long a life":      f.withClaim("exp", start.Add(TTL+Leeway+time.Second).Unix()),
		"ends as it begins":    f.withClaim("exp", start.Unix()),
		"exp text":             f.withClaim("exp", "1777637400"),
		"exp huge":             f.sign(f.header(nil), strings.TrimSuffix(f.claims(map[string]any{"exp": nil}), "}")+`,"exp":1e400}`),
		"exp beyond the years": f.withClaim("exp", int64(1)<<62),
		"exp negative":         f.withClaim("exp", -1),
		"iat huge":             f.withRaw(`"iat":1e400`),
		"iat exponent":         f.withRaw(`"iat":1.7776368e9`),
		"iat fraction":         f.withRaw(`"iat":1777636800.5`),
		"iat negative":         f.withRaw(`"iat":-1777636800`),
		"iat zero":             f.withRaw(`"iat":0`),
		"iat beyond int64":     f.withRaw(`"iat":99999999999999999999`),
		"iat null":             f.withRaw(`"iat":null`),
		"nbf text":             f.withClaim("nbf", "now"),
	} {
		refused(t, f, name, raw)
	}
	for _, name := range []string{"exp", "iat", "iss", "aud", "sub", "sid", "jti", "account", "roles"} {
		refused(t, f, name+" missing", f.withClaim(name, nil))
	}
}

// refused fails the test unless the token is ErrInvalid and not ErrExpired, with an error that quotes none of it.
func refused(t *testing.T, f *forger, name, raw string) {
	t.Helper()
	claims, err := f.Verify(raw)
	if !errors.Is(err, ErrInvalid) || errors.Is(err, ErrExpired) {
		t.Errorf("%s: got %v, want ErrInvalid", name, err)
	}
	if claims.Subject != "" || claims.Roles != nil {
		t.Errorf("%s: claims came back", name)
	}
	if err == nil {
		return
	}
	for _, quoted := range []string{"US1", "DEVELOPER", "issuer.example", "attacker", "UNION", "dev/null"} {
		if strings.Contains(err.Error(), quoted) {
			t.Errorf("%s: the error %q quotes the token", name, err)
		}
	}
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
