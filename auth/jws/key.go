package jws

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/hex"
	"math/big"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// minRSA is the length in bits of the shortest RSA key that is taken (RFC 7518, section 3.3).
const minRSA = 2048

// Key is a public key or a shared secret with the one algorithm whose signatures it checks (RFC 8725, section 3.1). The zero Key refuses
// every token.
type Key struct {
	key    any // a public key, or a shared secret
	method jwt.SigningMethod
}

// Algorithms are those that a key can be bound to. None of them has a shared secret.
func Algorithms() []string {
	return []string{"ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"}
}

// NewKey binds a public key to one of Algorithms. It refuses, with an Error, a key that is of another kind or curve than the
// algorithm's and a key that is weak.
func NewKey(public crypto.PublicKey, algorithm string) (Key, error) {
	method := methodOf(algorithm)
	if method == nil {
		return Key{}, Error("key: an algorithm that is not taken")
	}
	switch m := method.(type) {
	case *jwt.SigningMethodEd25519:
		key, ok := public.(ed25519.PublicKey)
		if !ok || len(key) != ed25519.PublicKeySize {
			return Key{}, Error("key: not of its algorithm")
		}
		if ofSmallOrder(key) {
			return Key{}, Error("key: an Ed25519 key of small order")
		}
	case *jwt.SigningMethodECDSA:
		key, ok := public.(*ecdsa.PublicKey)
		if !ok || key == nil || key.Curve == nil || key.Curve.Params().BitSize != m.CurveBits {
			return Key{}, Error("key: not of its algorithm")
		}
		if _, err := key.Bytes(); err != nil { // its point is not on the curve
			return Key{}, Error("key: no point of its curve")
		}
	default:
		key, ok := public.(*rsa.PublicKey)
		if !ok || key == nil || key.N == nil {
			return Key{}, Error("key: not of its algorithm")
		}
		if key.N.BitLen() < minRSA || key.E < 3 || key.E%2 == 0 || factorable(key.N) {
			return Key{}, Error("key: a weak RSA key")
		}
	}
	return Key{key: public, method: method}, nil
}

// methodOf is the library's part of an algorithm; nil for one that is not taken.
func methodOf(algorithm string) jwt.SigningMethod {
	switch algorithm {
	case "EdDSA":
		return jwt.SigningMethodEdDSA
	case "ES256":
		return jwt.SigningMethodES256
	case "ES384":
		return jwt.SigningMethodES384
	case "ES512":
		return jwt.SigningMethodES512
	case "RS256":
		return jwt.SigningMethodRS256
	case "RS384":
		return jwt.SigningMethodRS384
	case "RS512":
		return jwt.SigningMethodRS512
	case "PS256":
		return salted(jwt.SigningMethodPS256)
	case "PS384":
		return salted(jwt.SigningMethodPS384)
	case "PS512":
		return salted(jwt.SigningMethodPS512)
	}
	return nil
}

// salted holds a PSS algorithm to a salt as long as its hash (RFC 7518, section 3.5); the library takes any.
func salted(m *jwt.SigningMethodRSAPSS) jwt.SigningMethod {
	options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: m.Hash}
	return &jwt.SigningMethodRSAPSS{SigningMethodRSA: m.SigningMethodRSA, Options: options, VerifyOptions: options}
}

// smallOrders are the points of Ed25519 whose order divides 8, in each of their spellings but for the sign's bit: with one
// as the key, a signature of zeros is good for one text in eight or more.
var smallOrders = []string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}

func ofSmallOrder(key ed25519.PublicKey) bool {
	unsigned := bytes.Clone(key)
	unsigned[len(unsigned)-1] &= 0x7f
	return slices.Contains(smallOrders, hex.EncodeToString(unsigned))
}

// rocaPrimes are the small primes by which a modulus of the broken generator is told (CVE-2017-15361, "ROCA").
var rocaPrimes = []int64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157}

// factorable says whether a modulus is of the kind that the generator of CVE-2017-15361 made, from which the private
// key can be computed: modulo each of these primes it is a power of 65537. By chance one in 2^27 is.
func factorable(modulus *big.Int) bool {
	for _, p := range rocaPrimes {
		rest := new(big.Int).Mod(modulus, big.NewInt(p)).Int64()
		power, is := int64(1), false
		for range p {
			is = is || power == rest
			power = power * 65537 % p
		}
		if !is {
			return false
		}
	}
	return true
}
