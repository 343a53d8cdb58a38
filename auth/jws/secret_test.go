package jws

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestNewSecret(t *testing.T) {
	for _, row := range []struct {
		name, algorithm string
		secret          []byte
		says            string // "" for a secret that is taken
	}{
		{"HS256", "HS256", make([]byte, 32), ""},
		{"HS256, a byte short", "HS256", make([]byte, 31), "too short"},
		{"HS384", "HS384", make([]byte, 48), ""},
		{"HS384, a byte short", "HS384", make([]byte, 47), "too short"},
		{"HS512", "HS512", make([]byte, 64), ""},
		{"HS512, a byte short", "HS512", make([]byte, 63), "too short"},
		{"none", "none", make([]byte, 64), "not taken"},
		{"an algorithm with a public key", "EdDSA", make([]byte, 64), "not taken"},
		{"PEM", "HS256", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: make([]byte, 64)}), "PEM"},
	} {
		t.Run(row.name, func(t *testing.T) {
			key, err := NewSecret(row.secret, row.algorithm)
			if (err == nil) != (row.says == "") || err != nil && !strings.Contains(err.Error(), row.says) || (key.method != nil) != (err == nil) {
				t.Errorf("%v, want %q", err, row.says)
			}
		})
	}
	secret := bytes.Repeat([]byte("secret"), 8)
	key, err := NewSecret(secret, "HS256")
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if shown := fmt.Sprintf(verb, key); shown != "jws.Key" {
			t.Errorf("%s shows %s", verb, shown)
		}
	}
}

func TestReadPublicKey(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, public any) []byte {
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	good := block("PUBLIC KEY", ed.Public())
	for _, row := range []struct {
		name      string
		text      []byte
		algorithm string
		good      bool
	}{
		{"Ed25519", good, "EdDSA", true},
		{"P-256", block("PUBLIC KEY", &ec.PublicKey), "ES256", true},
		{"an algorithm of another curve", block("PUBLIC KEY", &ec.PublicKey), "ES384", false},
		{"an algorithm of another kind", good, "RS256", false},
		{"an algorithm with a secret", good, "HS256", false},
		{"a weak key", block("PUBLIC KEY", &weak.PublicKey), "RS256", false},
		{"another block", block("RSA PUBLIC KEY", ed.Public()), "EdDSA", false},
		{"two blocks", append(bytes.Clone(good), good...), "EdDSA", false},
		{"no block", []byte("key"), "EdDSA", false},
		{"a block of something else", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("key")}), "EdDSA", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			key, err := ReadPublicKey(row.text, row.algorithm)
			var said Error
			if (err == nil) != row.good || err != nil && !errors.As(err, &said) || (key.method != nil) != row.good {
				t.Errorf("%v", err)
			}
		})
	}
}
