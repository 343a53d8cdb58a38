package jws

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// jwk is a key of a Wycheproof file (RFC 7517).
type jwk struct {
	Kty, Use, Alg, Kid, Crv, N, E, X, Y, K string
	KeyOps                                 []string `json:"key_ops"`
}

// readKeys reads a key or a set of keys as a verifier must: each is for signatures, no kid is given twice, and shared
// secrets are not among public keys.
func readKeys(text []byte) (func(Header) (Key, error), error) {
	var set struct{ Keys []jwk }
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, err
	}
	if set.Keys == nil {
		set.Keys = make([]jwk, 1)
		if err := json.Unmarshal(text, &set.Keys[0]); err != nil {
			return nil, err
		}
	}
	keys := map[string]Key{}
	for _, k := range set.Keys {
		if _, twice := keys[k.Kid]; twice {
			return nil, Error("a kid is given twice")
		}
		if (k.Kty == "oct") != (set.Keys[0].Kty == "oct") {
			return nil, Error("secrets among public keys")
		}
		if k.Use != "" && k.Use != "sig" || k.KeyOps != nil && !slices.Contains(k.KeyOps, "verify") {
			return nil, Error("a key that is not for signatures")
		}
		key, err := k.read()
		if err != nil {
			return nil, err
		}
		keys[k.Kid] = key
	}
	return func(h Header) (Key, error) {
		key, known := keys[h.KeyID]
		if !known {
			return Key{}, Error("unknown kid")
		}
		return key, nil
	}, nil
}

func (k jwk) read() (Key, error) {
	number := func(text string) *big.Int {
		bytes, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return new(big.Int)
		}
		return new(big.Int).SetBytes(bytes)
	}
	switch k.Kty {
	case "RSA":
		return NewKey(&rsa.PublicKey{N: number(k.N), E: int(number(k.E).Int64())}, k.Alg)
	case "EC":
		curve := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[k.Crv]
		if curve == nil {
			return Key{}, Error("an unknown curve")
		}
		if k.Alg == "ES521" && k.Crv == "P-521" {
			k.Alg = "ES512" // a slip of the file: there is no ES521
		}
		size := (curve.Params().BitSize + 7) / 8
		point := append([]byte{4}, number(k.X).FillBytes(make([]byte, size))...)
		public, err := ecdsa.ParseUncompressedPublicKey(curve, append(point, number(k.Y).FillBytes(make([]byte, size))...))
		if err != nil {
			return Key{}, err
		}
		return NewKey(public, k.Alg)
	case "oct":
		return secret(k)
	}
	return Key{}, Error("an unknown kind of key")
}

// secret makes a key of HMAC, which NewKey does not: the vectors have many that test the rules of form.
func secret(k jwk) (Key, error) {
	method := map[string]*jwt.SigningMethodHMAC{
		"HS256": jwt.SigningMethodHS256, "HS384": jwt.SigningMethodHS384, "HS512": jwt.SigningMethodHS512,
	}[k.Alg]
	bytes, err := base64.RawURLEncoding.DecodeString(k.K)
	if method == nil || err != nil || len(bytes) < method.Hash.Size() {
		return Key{}, Error("no key of HMAC, or a short one")
	}
	return Key{public: bytes, method: method}, nil
}
