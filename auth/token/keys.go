package token

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/fieldgate/fieldgate/auth/jws"
)

// Keys is a set of Ed25519 keys: the newest signs, all verify. It does not change once made, so it may be shared.
type Keys struct {
	signer   ed25519.PrivateKey
	kid      string
	all      []ed25519.PrivateKey // newest first
	verifies map[string]jws.Key   // by kid
	jwks     []byte
}

// jwk is a public key in the form of RFC 8037, section 2.
type jwk struct {
	Type      string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	ID        string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
}

// NewKeys makes a set of the given keys, oldest first: the last one signs. It refuses an empty set and a key of a wrong
// length.
func NewKeys(keys ...ed25519.PrivateKey) (*Keys, error) {
	if len(keys) == 0 {
		return nil, errors.New("token: no signing key")
	}
	k := &Keys{verifies: make(map[string]jws.Key, len(keys))}
	var set struct {
		Keys []jwk `json:"keys"`
	}
	for i := len(keys) - 1; i >= 0; i-- {
		if len(keys[i]) != ed25519.PrivateKeySize {
			return nil, errors.New("token: a signing key has the wrong length")
		}
		k.all = append(k.all, keys[i])
		public := keys[i].Public().(ed25519.PublicKey)
		id := thumbprint(public)
		if k.signer == nil {
			k.signer, k.kid = keys[i], id
		}
		if _, known := k.verifies[id]; known {
			continue
		}
		var err error
		if k.verifies[id], err = jws.NewKey(public, "EdDSA"); err != nil {
			return nil, fmt.Errorf("token: signing key: %w", err)
		}
		set.Keys = append(set.Keys, jwk{
			Type: "OKP", Curve: "Ed25519", X: base64.RawURLEncoding.EncodeToString(public),
			ID: id, Use: "sig", Algorithm: "EdDSA",
		})
	}
	var err error
	if k.jwks, err = json.Marshal(set); err != nil {
		return nil, fmt.Errorf("token: key set: %w", err)
	}
	return k, nil
}

// JWKS returns the public keys as a JSON Web Key Set (RFC 7517, section 5), newest first.
func (k *Keys) JWKS() []byte {
	return bytes.Clone(k.jwks)
}

// thumbprint is the key's name: its JWK thumbprint by RFC 7638 with SHA-256, whose member order and spelling are fixed.
func thumbprint(public ed25519.PublicKey) string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + base64.RawURLEncoding.EncodeToString(public) + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Derive makes a key of 32 bytes from the signing key, for another use that the label names: HKDF with SHA-256 (RFC
// 5869). Replicas that share the signing key derive the same; when another key signs, it changes.
func (k *Keys) Derive(label string) ([]byte, error) { return derive(k.signer, label) }

// DeriveAll is Derive for each key, the one that signs first: for what was done under a key that has signed before.
func (k *Keys) DeriveAll(label string) ([][]byte, error) {
	var derived [][]byte
	for _, key := range k.all {
		one, err := derive(key, label)
		if err != nil {
			return nil, err
		}
		derived = append(derived, one)
	}
	return derived, nil
}

func derive(key ed25519.PrivateKey, label string) ([]byte, error) {
	return hkdf.Key(sha256.New, key.Seed(), nil, label, 32)
}
