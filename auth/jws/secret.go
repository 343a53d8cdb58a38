package jws

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"

	"github.com/golang-jwt/jwt/v5"
)

// SecretAlgorithms are those that a secret can be bound to, which whoever verifies shares with whoever signs.
func SecretAlgorithms() []string { return []string{"HS256", "HS384", "HS512"} }

// NewSecret binds a shared secret to one of SecretAlgorithms. It refuses, with an Error, one that is shorter than the
// algorithm's hash (RFC 7518, section 3.2), and what looks like a public key: who has that could sign with it.
func NewSecret(secret []byte, algorithm string) (Key, error) {
	method := map[string]*jwt.SigningMethodHMAC{
		"HS256": jwt.SigningMethodHS256, "HS384": jwt.SigningMethodHS384, "HS512": jwt.SigningMethodHS512,
	}[algorithm]
	if method == nil {
		return Key{}, Error("key: an algorithm that is not taken")
	}
	if len(secret) < method.Hash.Size() {
		return Key{}, Error("key: a secret that is too short for its algorithm")
	}
	if block, _ := pem.Decode(secret); block != nil {
		return Key{}, Error("key: a secret that is a key in PEM")
	}
	return Key{key: bytes.Clone(secret), method: method}, nil
}

// ReadPublicKey reads the one PEM block of a file, a public key (RFC 7468, section 13), and binds it like NewKey. Errors are
// an Error.
func ReadPublicKey(text []byte, algorithm string) (Key, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" || len(bytes.TrimSpace(rest)) != 0 {
		return Key{}, Error("key: not one PEM block of type PUBLIC KEY")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return Key{}, Error("key: not a public key")
	}
	switch public.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		return NewKey(public, algorithm)
	}
	return Key{}, Error("key: a kind that is not taken")
}

// String says nothing of the key: it may be a secret.
func (Key) String() string { return "jws.Key" }

// GoString says nothing either.
func (Key) GoString() string { return "jws.Key" }
