package token

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestVerifyRefuses holds the attacks of RFC 8725 (its sections stand beside them), and others that are known.
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
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	inPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	inner := f.withHeader("typ", "at+jwt")
	jwkOf := func(key ed25519.PrivateKey) map[string]string {
		return map[string]string{"kty": "OKP", "crv": "Ed25519", "x": encode(string(key.Public().(ed25519.PublicKey)))}
	}

	for name, raw := range map[string]string{
		// Form (3.7 of what is read as text, and RFC 7515 and 7516 of the rest).
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
		"JWE's header":              f.sign(`{"alg":"dir","enc":"A128GCM"}`, claims),
		"padding":                   good + "==",
		"padding within":            parts[0] + "=." + parts[1] + "." + parts[2],
		"standard base64":           parts[0] + "." + parts[1] + "." + base64.StdEncoding.EncodeToString(signature),
		"line break in signature":   good[:len(good)-4] + "\n" + good[len(good)-4:],
		"line break in claims":      parts[0] + "." + parts[1][:4] + "\r\n" + parts[1][4:] + "." + parts[2],
		"space before":              " " + good,
		"space after":               good + " ",
		"a zero byte after":         good + "\x00",
		"not UTF-8":                 good + "\xff",
		"truncated signature":       good[:len(good)-4],
		"bits beyond the last byte": good[:len(good)-1] + string(good[len(good)-1]+1),
		"JSON serialization":        `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,

		"JSON, general": `{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`,

		// Signature and algorithm (3.1 to 3.3).
		"alg none":                   encode(f.header(map[string]any{"alg": "none"})) + "." + encode(claims) + "." + encode("x"),
		"alg none, no signature":     encode(f.header(map[string]any{"alg": "none"})) + "." + encode(claims) + ".",
		"alg None, no signature":     encode(f.header(map[string]any{"alg": "None"})) + "." + encode(claims) + ".",
		"alg NONE, no signature":     encode(f.header(map[string]any{"alg": "NONE"})) + "." + encode(claims) + ".",
		"alg nOnE":                   f.withHeader("alg", "nOnE"),
		"alg empty":                  f.withHeader("alg", ""),
		"alg null":                   f.sign(strings.Replace(f.header(nil), `"EdDSA"`, "null", 1), claims),
		"alg RS256":                  f.withHeader("alg", "RS256"),
		"alg ES256":                  f.withHeader("alg", "ES256"),
		"alg in lower case":          f.withHeader("alg", "eddsa"),
		"alg Ed25519":                f.withHeader("alg", "Ed25519"),
		"alg a list":                 f.withHeader("alg", []string{"EdDSA"}),
		"alg missing":                f.withHeader("alg", nil),
		"HS256 with the public key":  hs256(f.header(map[string]any{"alg": "HS256"}), public),
		"HS256 with the key in DER":  hs256(f.header(map[string]any{"alg": "HS256"}), der),
		"HS256 with the key in PEM":  hs256(f.header(map[string]any{"alg": "HS256"}), inPEM),
		"HS256, PEM without its end": hs256(f.header(map[string]any{"alg": "HS256"}), bytes.TrimSpace(inPEM)),
		"HS256 with the key's JWK":   hs256(f.header(map[string]any{"alg": "HS256"}), jwkText(jwkOf(f.keys.signer))),
		"HS256 with x of the JWK":    hs256(f.header(map[string]any{"alg": "HS256"}), []byte(jwkOf(f.keys.signer)["x"])),
		"HS256 with the kid":         hs256(f.header(map[string]any{"alg": "HS256"}), []byte(f.keys.kid)),
		"HS256 with nothing":         hs256(f.header(map[string]any{"alg": "HS256"}), nil),
		"HS256 with the JWK set":     hs256(f.header(map[string]any{"alg": "HS256"}), f.keys.JWKS()),
		"HMAC that claims EdDSA":     hs256(f.header(nil), public),
		"zero signature":             parts[0] + "." + parts[1] + "." + encode(string(make([]byte, 64))),
		"zero S":                     parts[0] + "." + parts[1] + "." + encode(string(signature[:32])+string(make([]byte, 32))),
		"R of small order":           parts[0] + "." + parts[1] + "." + encode("\x01"+string(make([]byte, 63))),
		"S and the group's order":    parts[0] + "." + parts[1] + "." + encode(string(malleable(signature))),
		"short signature":            parts[0] + "." + parts[1] + "." + encode(string(signature[:63])),
		"long signature":             parts[0] + "." + parts[1] + "." + encode(string(signature)+"\x00"),
		"signature of another token": parts[0] + "." + encode(f.claims(map[string]any{"sub": "US2"})) + "." + parts[2],
		"another's key":              stranger.sign(stranger.header(nil), claims),

		// Key (3.10).
		"kid missing":      f.withHeader("kid", nil),
		"kid empty":        f.withHeader("kid", ""),
		"kid a number":     f.withHeader("kid", 1),
		"kid unknown":      f.withHeader("kid", "other"),
		"kid a path":       f.withHeader("kid", "../../../../dev/null"),
		"kid SQL":          f.withHeader("kid", "x' UNION SELECT 'key"),
		"kid a command":    f.withHeader("kid", "/keys/key.pem; cat /etc/passwd |"),
		"kid a URL":        f.withHeader("kid", "https://attacker.example/key.pem"),
		"kid in full":      f.withHeader("kid", "./"+f.keys.kid),
		"kid and a zero":   f.withHeader("kid", f.keys.kid+"\x00"),
		"kid long":         f.withHeader("kid", strings.Repeat("k", 2000)),
		"kid null":         f.sign(strings.Replace(f.header(nil), `"`+f.keys.kid+`"`, "null", 1), claims),
		"a removed key":    signWith(f, seededKey(3)),
		"kid of other key": f.withHeader("kid", thumbprint(seededKey(1).Public().(ed25519.PublicKey))),
		"jku":              foreign("jku", "https://attacker.example/jwks.json"),
		"jwk":              foreign("jwk", jwkOf(seededKey(9))),
		"x5u":              foreign("x5u", "https://attacker.example/cert.pem"),
		"x5c":              foreign("x5c", []string{"MIIB"}),

		// Header (3.8, 3.9, 3.11, and RFC 7797 of b64).
		"crit":               f.withHeader("crit", []string{"exp"}),
		"crit empty":         f.withHeader("crit", []string{}),
		"jku, good key":      f.withHeader("jku", "https://issuer.example/jwks.json"),
		"jwk, good key":      f.withHeader("jwk", jwkOf(f.keys.signer)),
		"b64":                f.withHeader("b64", false),
		"zip":                f.withHeader("zip", "DEF"),
		"cty JWT":            f.withHeader("cty", "JWT"),
		"a token in a token": f.sign(f.header(nil), inner),
		"the same, named":    f.sign(f.header(map[string]any{"cty": "JWT"}), inner),
		"and in quotes":      f.sign(f.header(nil), `"`+inner+`"`),
		"x5u, good key":      f.withHeader("x5u", "https://issuer.example/cert.pem"),
		"x5c, good key":      f.withHeader("x5c", []string{"MIIB"}),
		"x5t":                f.withHeader("x5t", "AAAA"),
		"crit of b64":        f.sign(f.header(map[string]any{"crit": []string{"b64"}, "b64": false}), claims),
		"typ missing":        f.withHeader("typ", nil),
		"typ JWT":            f.withHeader("typ", "JWT"),
		"typ of an id token": f.withHeader("typ", "id+jwt"),
		"typ of a logout":    f.withHeader("typ", "logout+jwt"),
		"typ a list":         f.withHeader("typ", []string{"at+jwt"}),
		"an id token": f.sign(f.header(map[string]any{"typ": "JWT"}), f.claims(map[string]any{
			"aud": "front-end", "nonce": "n", "sid": nil, "account": nil, "roles": nil, "email": "owner@example.com"})),
		"duplicate alg":      f.sign(`{"alg":"none",`+f.header(nil)[1:], claims),
		"duplicate, escaped": f.sign(`{"\u0061lg":"none",`+f.header(nil)[1:], claims),
		"header a list":      f.sign(`[]`, claims),
		"header null":        f.sign(`null`, claims),
		"header not JSON":    f.sign(`{"alg":EdDSA}`, claims),
		"header and more":    f.sign(f.header(nil)+"{}", claims),
		"header not UTF-8":   f.sign(strings.Replace(f.header(nil), "at+jwt", "at+jwt\xff", 1), claims),

		// Claims (3.8, 3.9, 3.12).
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
	t.Run(name, func(t *testing.T) {
		claims, err := f.Verify(raw)
		if !errors.Is(err, ErrInvalid) || errors.Is(err, ErrExpired) {
			t.Fatalf("got %v, want ErrInvalid", err)
		}
		if claims.Subject != "" || claims.Roles != nil {
			t.Error("claims came back")
		}
		for _, quoted := range []string{"US1", "DEVELOPER", "issuer.example", "attacker", "UNION", "dev/null"} {
			if strings.Contains(err.Error(), quoted) {
				t.Errorf("the error %q quotes the token", err)
			}
		}
	})
}

// jwkText writes a key as JSON.
func jwkText(key map[string]string) []byte {
	text, err := json.Marshal(key)
	if err != nil {
		panic(err)
	}
	return text
}

// malleable is a second signature for the same text, if S were not held below the order of the group (RFC 8032, section
// 5.1.7): the order is added to it.
func malleable(signature []byte) []byte {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	little := slices.Clone(signature[32:])
	slices.Reverse(little)
	sum := new(big.Int).Add(new(big.Int).SetBytes(little), order).FillBytes(make([]byte, 32))
	slices.Reverse(sum)
	return append(slices.Clone(signature[:32]), sum...)
}
