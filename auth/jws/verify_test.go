package jws

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// pairs has a private key for each kind, made anew for each run.
type pairs struct {
	ed ed25519.PrivateKey
	ec map[string]*ecdsa.PrivateKey
	rs *rsa.PrivateKey
}

func newPairs(t testing.TB) pairs {
	t.Helper()
	p := pairs{ed: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), ec: map[string]*ecdsa.PrivateKey{}}
	var err error
	for alg, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		if p.ec[alg], err = ecdsa.GenerateKey(curve, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	if p.rs, err = rsa.GenerateKey(rand.Reader, minRSA); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p pairs) of(alg string) crypto.Signer {
	switch alg[:2] {
	case "Ed":
		return p.ed
	case "ES":
		return p.ec[alg]
	}
	return p.rs
}

// sign signs a header and payload, whatever the header says.
func sign(t testing.TB, header, payload, alg string, key crypto.Signer) string {
	t.Helper()
	signed := encode(header) + "." + encode(payload)
	signature, err := methodOf(alg).Sign(signed, key)
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encode(string(signature))
}

// TestAlgorithms: each algorithm's token is taken with a key of that algorithm and with none of another.
func TestAlgorithms(t *testing.T) {
	p := newPairs(t)
	for _, alg := range Algorithms() {
		raw := sign(t, `{"alg":"`+alg+`","kid":"k"}`, "text", alg, p.of(alg))
		for _, bound := range Algorithms() {
			key, err := NewKey(p.of(bound).Public(), bound)
			if err != nil {
				t.Fatal(bound, err)
			}
			h, payload, err := Rules{MaxSize: 4096}.Verify(raw, func(Header) (Key, error) { return key, nil })
			if alg == bound {
				if err != nil || string(payload) != "text" || h != (Header{Algorithm: alg, KeyID: "k"}) {
					t.Errorf("%s: %+v, %q, %v", alg, h, payload, err)
				}
				continue
			}
			if err == nil || payload != nil || h != (Header{}) {
				t.Errorf("a token of %s is taken with a key of %s", alg, bound)
			}
		}
	}
}

// TestSalt: a PSS signature whose salt is not as long as its hash is refused (RFC 7518, section 3.5).
func TestSalt(t *testing.T) {
	p := newPairs(t)
	key, err := NewKey(p.rs.Public(), "PS256")
	if err != nil {
		t.Fatal(err)
	}
	signed := encode(`{"alg":"PS256"}`) + "." + encode("text")
	sum := sha256.Sum256([]byte(signed))
	for salt, want := range map[int]bool{rsa.PSSSaltLengthAuto: false, 20: false, 32: true, 64: false} {
		signature, err := rsa.SignPSS(rand.Reader, p.rs, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: salt})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = Rules{MaxSize: 4096}.Verify(signed+"."+encode(string(signature)), func(Header) (Key, error) { return key, nil })
		if (err == nil) != want {
			t.Errorf("a salt of %d bytes (0: as many as fit): %v", salt, err)
		}
	}
}

func TestNewKeyRefuses(t *testing.T) {
	p := newPairs(t)
	short := &rsa.PublicKey{N: new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), minRSA-2), big.NewInt(1)), E: 65537}
	//lint:ignore SA1019 a point off its curve cannot be had otherwise
	off := &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)}
	for _, row := range []struct {
		name   string
		public crypto.PublicKey
		alg    string
	}{
		{"no algorithm", p.ed.Public(), ""},
		{"none", p.ed.Public(), "none"},
		{"a secret", []byte(strings.Repeat("x", 32)), "HS256"},
		{"an algorithm's other spelling", p.ed.Public(), "eddsa"},
		{"no key", nil, "EdDSA"},
		{"no RSA key", (*rsa.PublicKey)(nil), "RS256"},
		{"no EC key", (*ecdsa.PublicKey)(nil), "ES256"},
		{"an Ed25519 key cut short", p.ed.Public().(ed25519.PublicKey)[:31], "EdDSA"},
		{"an Ed25519 key for RSA", p.ed.Public(), "RS256"},
		{"an RSA key for EC", p.rs.Public(), "ES256"},
		{"an EC key of another curve", p.ec["ES384"].Public(), "ES256"},
		{"an EC key of no curve", &ecdsa.PublicKey{}, "ES256"},
		{"a point off the curve", off, "ES256"},
		{"a private key", p.ec["ES256"], "ES256"},
		{"a short RSA key", short, "RS256"},
		{"an RSA key without a modulus", &rsa.PublicKey{E: 3}, "PS256"},
		{"an exponent of one", &rsa.PublicKey{N: p.rs.N, E: 1}, "RS256"},
		{"an even exponent", &rsa.PublicKey{N: p.rs.N, E: 4}, "RS256"},
	} {
		var said Error
		if key, err := NewKey(row.public, row.alg); !errors.As(err, &said) || key != (Key{}) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// TestSmallOrder: each key that is refused for its order does take a signature of nothing, for some text.
func TestSmallOrder(t *testing.T) {
	nothing := make([]byte, ed25519.SignatureSize)
	nothing[0] = 1 // R is the neutral point and S zero
	for _, spelling := range smallOrders {
		key, err := hex.DecodeString(spelling)
		if err != nil {
			t.Fatal(err)
		}
		for _, sign := range []byte{0, 0x80} {
			key[31] = key[31]&0x7f | sign
			taken := false
			for text := range 256 {
				taken = taken || ed25519.Verify(key, []byte{byte(text)}, nothing)
			}
			if _, err := NewKey(ed25519.PublicKey(key), "EdDSA"); err == nil || !taken && sign == 0 {
				t.Errorf("%x: %v; it takes a signature of nothing: %v", key, err, taken)
			}
		}
	}
}

// TestRulesRefuse holds what is refused although its signature is good.
func TestRulesRefuse(t *testing.T) {
	p := newPairs(t)
	key, err := NewKey(p.ed.Public(), "EdDSA")
	if err != nil {
		t.Fatal(err)
	}
	rules := Rules{MaxSize: 300, Hints: []string{"x5t"}}
	unknown := errors.New("no such key")
	for _, row := range []struct {
		name, header, payload string
		refused               bool
	}{
		{"the usual", `{"alg":"EdDSA","typ":"JWT","kid":"k"}`, "{}", false},
		{"a hint", `{"alg":"EdDSA","x5t":"abc"}`, "{}", false},
		{"an empty payload", `{"alg":"EdDSA"}`, "", false},
		{"not a hint", `{"alg":"EdDSA","x5t#S256":"abc"}`, "{}", true},
		{"critical", `{"alg":"EdDSA","crit":["x5t"],"x5t":"abc"}`, "{}", true},
		{"its own key", `{"alg":"EdDSA","jwk":{"kty":"OKP"}}`, "{}", true},
		{"an unencoded payload", `{"alg":"EdDSA","b64":false}`, "{}", true},
		{"a kid that is no text", `{"alg":"EdDSA","kid":1}`, "{}", true},
		{"a typ that is no text", `{"alg":"EdDSA","typ":null}`, "{}", true},
		{"a member twice", `{"alg":"EdDSA","alg":"EdDSA"}`, "{}", true},
		{"in capitals", `{"ALG":"EdDSA"}`, "{}", true},
		{"no alg", `{"kid":"k"}`, "{}", true},
		{"none", `{"alg":"none"}`, "{}", true},
		{"too long", `{"alg":"EdDSA"}`, strings.Repeat("x", 300), true},
		{"a key that is not known", `{"alg":"EdDSA","kid":"other"}`, "{}", true},
	} {
		raw := sign(t, row.header, row.payload, "EdDSA", p.ed)
		h, payload, err := rules.Verify(raw, func(h Header) (Key, error) {
			if h.KeyID == "other" {
				return key, unknown
			}
			return key, nil
		})
		if (err != nil) != row.refused || row.refused && (payload != nil || h != (Header{})) {
			t.Errorf("%s: %v", row.name, err)
		}
		if got, err := rules.Unverified(raw); err == nil && string(got) != row.payload || err != nil && got != nil {
			t.Errorf("%s, unverified: %q, %v", row.name, got, err)
		}
		if _, _, err := (Rules{}).Verify(raw, func(Header) (Key, error) { return key, nil }); err == nil {
			t.Errorf("%s: the zero Rules accept it", row.name)
		}
		if _, _, err := rules.Verify(raw, func(Header) (Key, error) { return Key{}, nil }); err == nil {
			t.Errorf("%s: the zero Key accepts it", row.name)
		}
	}
}

// FuzzVerify: nothing but what was signed is accepted, whatever the header asks for.
func FuzzVerify(f *testing.F) {
	p := newPairs(f)
	key, err := NewKey(p.ed.Public(), "EdDSA")
	if err != nil {
		f.Fatal(err)
	}
	good := sign(f, `{"alg":"EdDSA"}`, "text", "EdDSA", p.ed)
	none := encode(`{"alg":"none"}`) + "." + encode("text") + "."
	hmac, err := jwt.SigningMethodHS256.Sign(encode(`{"alg":"HS256"}`)+"."+encode("text"), []byte(p.ed.Public().(ed25519.PublicKey)))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{good, none, good + ".", "", "..", good[:len(good)-1], encode(`{"alg":"HS256"}`) + "." + encode("text") + "." + encode(string(hmac))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		_, payload, err := Rules{MaxSize: 4096}.Verify(raw, func(Header) (Key, error) { return key, nil })
		if (err == nil) != (raw == good) || err != nil && payload != nil {
			t.Errorf("%q: %q, %v", raw, payload, err)
		}
	})
}
