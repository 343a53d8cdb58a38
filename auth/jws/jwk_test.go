package jws

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
)

// text64 is bytes in base64url.
func text64(bytes []byte) string { return base64.RawURLEncoding.EncodeToString(bytes) }

// published is the public half of each kind of key, as a JWK with the name of its algorithm for a kid.
func (p pairs) published(t testing.TB) map[string]map[string]any {
	t.Helper()
	all := map[string]map[string]any{
		"EdDSA": {"kty": "OKP", "crv": "Ed25519", "x": text64(p.ed.Public().(ed25519.PublicKey))},
		"RS256": {"kty": "RSA", "n": text64(p.rs.N.Bytes()), "e": text64(big.NewInt(int64(p.rs.E)).Bytes())},
	}
	for alg, key := range p.ec {
		point, err := key.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		half := (len(point) - 1) / 2
		all[alg] = map[string]any{"kty": "EC", "crv": key.Params().Name, "x": text64(point[1 : 1+half]), "y": text64(point[1+half:])}
	}
	for alg, key := range all {
		key["kid"] = alg
	}
	return all
}

// with is a key with these members instead of or beside its own; nil leaves one out.
func with(key map[string]any, members map[string]any) string {
	key = maps.Clone(key)
	maps.Copy(key, members)
	maps.DeleteFunc(key, func(_ string, value any) bool { return value == nil })
	text, err := json.Marshal(key)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestReadSet: a member that cannot be used is left out, with a fault where it is one, and the others stay.
func TestReadSet(t *testing.T) {
	p := newPairs(t)
	all := p.published(t)
	ec, rs, ed := all["ES256"], all["RS256"], all["EdDSA"]
	m := func(name string, value any) map[string]any { return map[string]any{name: value} }
	short := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 1023), big.NewInt(1))
	for _, row := range []struct{ name, member, alg, fault string }{
		{"P-256", with(ec, nil), "ES256", ""},
		{"P-384", with(all["ES384"], nil), "ES384", ""},
		{"P-521", with(all["ES512"], nil), "ES512", ""},
		{"Ed25519", with(ed, nil), "EdDSA", ""},
		{"RSA", with(rs, nil), "", ""},
		{"RSA for PSS alone", with(rs, m("alg", "PS384")), "PS384", ""},
		{"for signatures", with(ec, map[string]any{"use": "sig", "key_ops": []string{"sign", "verify"}, "alg": "ES256"}), "ES256", ""},
		{"with a certificate, which nobody reads", with(rs, m("x5c", []string{"MIIB"})), "", ""},

		{"for encryption", with(rs, m("use", "enc")), "-", ""},
		{"for encryption, with an algorithm of it", with(rs, map[string]any{"use": "enc", "alg": "RSA-OAEP"}), "-", ""},
		{"for signing alone", with(rs, m("key_ops", []string{"sign"})), "-", ""},
		{"for nothing", with(rs, m("key_ops", []string{})), "-", ""},

		{"no object", `"key"`, "-", "not one well-formed JSON value"},
		{"nothing", `null`, "-", "not one well-formed JSON value"},
		{"a member twice", strings.Replace(with(ec, nil), "{", `{"alg":"ES256","alg":"ES256",`, 1), "-", "given twice"},
		{"bytes that are not UTF-8", strings.Replace(with(ec, nil), "{", "{\"x\xff\":1,", 1), "-", "well-formed"},
		{"no kid", with(ec, m("kid", nil)), "-", "no kid"},
		{"a kid that is a number", with(ec, m("kid", 1)), "-", "no kid"},
		{"no kind", with(ec, m("kty", nil)), "-", "a kind that is not taken"},
		{"another kind's", with(ec, m("kty", "RSA")), "-", "n is missing"},
		{"a shared secret", `{"kty":"oct","kid":"s","k":"AAAA"}`, "-", "a secret"},
		{"a private key", with(ec, m("d", "AAAA")), "-", "a secret"},
		{"a curve of coins", with(ec, m("crv", "secp256k1")), "-", "a curve that is not taken"},
		{"Ed448", with(ed, m("crv", "Ed448")), "-", "a curve that is not taken"},
		{"another curve's", with(ec, m("crv", "P-384")), "-", "another length"},
		{"a coordinate cut short", with(ec, m("x", "AA")), "-", "another length"},
		{"a point off the curve", with(ec, m("x", ec["y"])), "-", "no point of its curve"},
		{"padding", with(ec, m("x", ec["x"].(string)+"=")), "-", "x is missing or not base64url"},
		{"no coordinate", with(ec, m("y", nil)), "-", "y is missing"},
		{"another curve's algorithm", with(ec, m("alg", "ES384")), "-", "not of its algorithm"},
		{"another kind's algorithm", with(ec, m("alg", "RS256")), "-", "not of its algorithm"},
		{"a symmetric algorithm", with(rs, m("alg", "HS256")), "-", "an algorithm that is not taken"},
		{"an algorithm that is no text", strings.Replace(with(rs, nil), "{", `{"alg":null,`, 1), "-", "an algorithm that is not taken"},
		{"a small order", with(ed, m("x", text64(make([]byte, 32)))), "-", "small order"},
		{"Ed25519 cut short", with(ed, m("x", text64(make([]byte, 31)))), "-", "not of its algorithm"},
		{"a short modulus", with(rs, m("n", text64(short.Bytes()))), "-", "weak"},
		{"an exponent of one", with(rs, m("e", "AQ")), "-", "weak"},
		{"an exponent beyond all", with(rs, m("e", text64([]byte(strings.Repeat("\xff", 64))))), "-", "too large"},
		{"no exponent", with(rs, m("e", "")), "-", "e is missing"},
	} {
		t.Run(row.name, func(t *testing.T) {
			other := with(all["ES384"], m("kid", "other"))
			keys, faults, err := ReadSet([]byte(`{"keys":[` + row.member + `,` + other + `]}`))
			if err != nil || len(keys) == 0 || keys[len(keys)-1].KeyID != "other" {
				t.Fatalf("the other: %+v, %v, %v", keys, faults, err)
			}
			if row.alg == "-" != (len(keys) == 1) || len(keys) > 1 && (keys[0].Algorithm != row.alg || keys[0].KeyID == "" || keys[0].Public == nil) {
				t.Errorf("%+v", keys)
			}
			if row.fault == "" != (len(faults) == 0) || row.fault != "" && !strings.Contains(faults[0].Error(), "key 1 of 2: ") || row.fault != "" && !strings.Contains(faults[0].Error(), row.fault) {
				t.Errorf("%v, want %q", faults, row.fault)
			}
		})
	}
	for name, set := range map[string]string{
		"twice":           with(ec, nil) + "," + with(ec, nil),
		"twice, one weak": with(ec, nil) + "," + with(rs, map[string]any{"kid": "ES256", "e": "AQ"}),
	} {
		if keys, faults, err := ReadSet([]byte(`{"keys":[` + set + `,` + with(ed, nil) + `]}`)); err != nil || len(keys) != 1 || keys[0].KeyID != "EdDSA" || len(faults) != 2 {
			t.Errorf("a kid given %s: %+v, %v, %v", name, keys, faults, err)
		}
	}
	// A key for encryption verifies nothing, so its name takes none from another.
	if keys, faults, err := ReadSet([]byte(`{"keys":[` + with(rs, nil) + "," + with(rs, m("use", "enc")) + `]}`)); err != nil || len(keys) != 1 || len(faults) != 0 {
		t.Errorf("%+v, %v, %v", keys, faults, err)
	}
	if keys, faults, err := ReadSet([]byte(`{"keys":[]}`)); err != nil || len(keys) != 0 || len(faults) != 0 {
		t.Errorf("an empty set: %v, %v, %v", keys, faults, err)
	}
	for _, text := range []string{``, `{}`, `[]`, `{"keys":null}`, `{"keys":{}}`, `{"KEYS":[]}`, `{"keys":[],"keys":[]}`, `{"keys":[]} x`, `{"keys":[`} {
		if keys, _, err := ReadSet([]byte(text)); err == nil || keys != nil {
			t.Errorf("%s is read as a set: %v", text, keys)
		}
	}
}

// FuzzReadSet: whatever is taken has a name of its own and is a key of its algorithm, and what is refused is told of in
// words of ours.
func FuzzReadSet(f *testing.F) {
	all := newPairs(f).published(f)
	for _, key := range all {
		f.Add([]byte(`{"keys":[` + with(key, nil) + `,` + with(key, map[string]any{"kid": "b", "use": "sig"}) + `]}`))
	}
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AA"},1,null,{"kid":"a"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, faults, err := ReadSet(text)
		if err != nil && (keys != nil || faults != nil) {
			t.Fatalf("%v comes with %v", err, keys)
		}
		seen := map[string]bool{"": true}
		for _, key := range keys {
			algorithms := []string{key.Algorithm}
			if key.Algorithm == "" {
				algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
			}
			for _, alg := range algorithms {
				if _, err := NewKey(key.Public, alg); err != nil || seen[key.KeyID] {
					t.Fatalf("%+v: %v", key, err)
				}
			}
			seen[key.KeyID] = true
		}
		for _, fault := range faults {
			if !strings.HasPrefix(fault.Error(), "key ") || slices.ContainsFunc([]byte(fault.Error()), func(b byte) bool { return b < ' ' || b > '~' }) {
				t.Fatalf("%q", fault)
			}
		}
	})
}
