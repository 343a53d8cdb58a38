package jws

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"

	"github.com/fieldgate/fieldgate/internal/strictjson"
)

// maxKeyDepth bounds the JSON of one key: an object of texts and lists of texts.
const maxKeyDepth = 4

// JWK is a public key of a JWK Set, by which signatures are verified (RFC 7517).
type JWK struct {
	KeyID string // kid
	// Algorithm is the only one the key is for: alg, or the one that its curve leaves. It is empty for an RSA key that does
	// not say.
	Algorithm string
	Public    crypto.PublicKey
}

// errOther says that a key is sound, as far as can be seen, and not for signatures.
var errOther = errors.New("for something else")

// ReadSet reads a JWK Set (RFC 7517, section 5), each member by itself: a faulty one costs no other its place. Faulty is
// what is not one JSON object with each name once; a key without a kid, of a kind or algorithm that is not taken, or
// weak (see NewKey); one that gives its private part away, and so all shared secrets; and all keys of a kid that is
// given twice. faults tells of each, in words of ours and by its place in the set. A key that says that it is not for
// signatures (use, key_ops) is left out without a word. The error, an Error, is for what is no set at all.
func ReadSet(text []byte) (keys []JWK, faults []error, err error) {
	set, err := strictjson.Members(text)
	if err != nil {
		return nil, nil, Error("key set: " + err.Error())
	}
	var members []json.RawMessage
	if json.Unmarshal(set["keys"], &members) != nil || members == nil {
		return nil, nil, Error("key set: it has no list of keys")
	}
	fault := func(i int, why string) {
		faults = append(faults, Error(fmt.Sprintf("key %d of %d: %s", i+1, len(members), why)))
	}
	places := map[string][]int{} // by kid
	sound := make([]*JWK, len(members))
	for i, member := range members {
		key, err := readJWK(member)
		if err == errOther {
			continue
		}
		places[key.KeyID] = append(places[key.KeyID], i)
		if err != nil {
			fault(i, err.Error())
			continue
		}
		sound[i] = &key
	}
	for i, key := range sound {
		switch {
		case key == nil:
		case len(places[key.KeyID]) > 1:
			fault(i, "its kid is given twice")
		default:
			keys = append(keys, *key)
		}
	}
	return keys, faults, nil
}

// readJWK reads one key. With an error there may be its kid, and nothing more.
func readJWK(text []byte) (JWK, error) {
	object, err := strictjson.DecodeObject(text, maxKeyDepth)
	if err != nil {
		return JWK{}, Error(err.Error())
	}
	m := members(object)
	if use, given := m["use"]; given && use != "sig" {
		return JWK{}, errOther
	}
	if operations, given := m["key_ops"]; given && !has(operations, "verify") {
		return JWK{}, errOther
	}
	named := JWK{KeyID: m.text("kid")}
	if named.KeyID == "" {
		return JWK{}, Error("no kid")
	}
	for _, private := range []string{"d", "k"} {
		if _, given := m[private]; given {
			return named, Error("a secret that everyone can read")
		}
	}
	algorithm, public, err := m.public()
	if err != nil {
		return named, err
	}
	if _, given := m["alg"]; given {
		algorithm = m.text("alg")
		if algorithm == "" {
			return named, Error("key: an algorithm that is not taken")
		}
	}
	// Whether it is of its algorithm and strong enough; what an RSA key is asked is the same for all of its own.
	if _, err := NewKey(public, cmp.Or(algorithm, "RS256")); err != nil {
		return named, err
	}
	return JWK{KeyID: named.KeyID, Algorithm: algorithm, Public: public}, nil
}

// has says whether a list has a text.
func has(list any, text string) bool {
	elements, _ := list.([]any)
	for _, element := range elements {
		if element == text {
			return true
		}
	}
	return false
}

// members are those of one key.
type members map[string]any

func (m members) text(name string) string {
	text, _ := m[name].(string)
	return text
}

// public reads what the key is made of (RFC 7518, section 6, and RFC 8037), with the algorithm that it leaves, if it
// is one.
func (m members) public() (algorithm string, key crypto.PublicKey, err error) {
	switch m.text("kty") {
	case "RSA":
		key, err = m.rsa()
		return "", key, err
	case "EC":
		return m.ec()
	case "OKP":
		if m.text("crv") != "Ed25519" {
			return "", nil, Error("key: a curve that is not taken")
		}
		x, err := m.bytes("x")
		return "EdDSA", ed25519.PublicKey(x), err
	}
	return "", nil, Error("key: a kind that is not taken")
}

func (m members) rsa() (crypto.PublicKey, error) {
	n, err := m.bytes("n")
	if err != nil {
		return nil, err
	}
	e, err := m.bytes("e")
	if err != nil {
		return nil, err
	}
	exponent := new(big.Int).SetBytes(e)
	if !exponent.IsInt64() || exponent.Int64() > math.MaxInt32 {
		return nil, Error("key: an exponent that is too large")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}, nil
}

func (m members) ec() (algorithm string, key crypto.PublicKey, err error) {
	var curve elliptic.Curve
	switch m.text("crv") {
	case "P-256":
		algorithm, curve = "ES256", elliptic.P256()
	case "P-384":
		algorithm, curve = "ES384", elliptic.P384()
	case "P-521":
		algorithm, curve = "ES512", elliptic.P521()
	default:
		return "", nil, Error("key: a curve that is not taken")
	}
	x, err := m.bytes("x")
	if err != nil {
		return "", nil, err
	}
	y, err := m.bytes("y")
	if err != nil {
		return "", nil, err
	}
	// Both have the full length (RFC 7518, section 6.2.1.2), or the two could be cut in another place.
	if size := (curve.Params().BitSize + 7) / 8; len(x) != size || len(y) != size {
		return "", nil, Error("key: a coordinate of another length")
	}
	key, err = ecdsa.ParseUncompressedPublicKey(curve, append(append([]byte{4}, x...), y...))
	if err != nil {
		return "", nil, Error("key: no point of its curve")
	}
	return algorithm, key, nil
}

// bytes reads a member in base64url that is not empty.
func (m members) bytes(name string) ([]byte, error) {
	bytes, err := decode(m.text(name))
	if err != nil || len(bytes) == 0 {
		return nil, Error("key: " + name + " is missing or not base64url")
	}
	return bytes, nil
}
