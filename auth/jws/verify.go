package jws

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/fieldgate/fieldgate/internal/strictjson"
)

// maxDepth bounds the JSON of a header: an object of texts has one level.
const maxDepth = 2

// Header is what a token's header says of it. Nothing in it may be believed before the signature is good.
type Header struct {
	Algorithm string // alg
	KeyID     string // kid; empty when there is none
	Type      string // typ; empty when there is none
}

// Rules is what a token must look like. The zero Rules refuse every token.
type Rules struct {
	// MaxSize is the length in bytes of the longest token that is looked at.
	MaxSize int
	// Hints names the header members that are let pass besides alg, kid and typ, and are not looked at, such as x5t.
	// Whatever is in neither list is refused: it brings its own key (jku, jwk, x5u, x5c), changes the meaning of the
	// rest (crit, b64, zip, cty), or is not known.
	Hints []string
}

// Verify returns the header and the payload of a token whose signature is good. The order is that of trust: size, form
// and header first, then the key, then the signature. The function keys finds the key by the header, whose alg has no
// say in it; its error is passed on. All other errors are an Error.
func (r Rules) Verify(raw string, keys func(Header) (Key, error)) (Header, []byte, error) {
	h, payload, err := r.verify(raw, keys)
	if err != nil {
		return Header{}, nil, err // nothing of a token that is refused comes back
	}
	return h, payload, nil
}

func (r Rules) verify(raw string, keys func(Header) (Key, error)) (Header, []byte, error) {
	t, err := r.read(raw)
	if err != nil {
		return Header{}, nil, err
	}
	key, err := keys(t.header)
	if err != nil {
		return Header{}, nil, err
	}
	if key.method == nil || t.header.Algorithm != key.method.Alg() {
		return Header{}, nil, Error("header: wrong alg")
	}
	if err := key.method.Verify(t.signed, t.signature, key.key); err != nil {
		return Header{}, nil, Error("wrong signature")
	}
	return t.header, t.payload, nil
}

// Unverified returns the payload of a token whose signature nobody has looked at, only its form. It is for finding out
// whose keys to verify it with, and for nothing else. Errors are an Error.
func (r Rules) Unverified(raw string) ([]byte, error) {
	t, err := r.read(raw)
	return t.payload, err
}

// parts is a token taken apart.
type parts struct {
	header    Header
	payload   []byte
	signed    string // what the signature is over
	signature []byte
}

func (r Rules) read(raw string) (parts, error) {
	if len(raw) > r.MaxSize {
		return parts{}, Error("longer than the limit")
	}
	texts := strings.Split(raw, ".")
	if len(texts) != 3 {
		return parts{}, Error("not three parts")
	}
	var segments [3][]byte
	for i, text := range texts {
		var err error
		if segments[i], err = decode(text); err != nil {
			return parts{}, err
		}
	}
	h, err := r.header(segments[0])
	if err != nil {
		return parts{}, err
	}
	return parts{h, segments[1], raw[:len(texts[0])+1+len(texts[1])], segments[2]}, nil
}

// decode reads base64url without padding (RFC 7515, section 2), in its one canonical spelling. The library skips line
// breaks, so they are refused by hand.
func decode(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, Error("not base64url")
	}
	bytes, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, Error("not base64url")
	}
	return bytes, nil
}

// header reads the header.
func (r Rules) header(text []byte) (Header, error) {
	members, err := strictjson.DecodeObject(text, maxDepth)
	if err != nil {
		return Header{}, Error("header: " + err.Error())
	}
	var h Header
	known := map[string]*string{"alg": &h.Algorithm, "kid": &h.KeyID, "typ": &h.Type}
	for name, value := range members {
		to, is := known[name]
		if !is {
			if slices.Contains(r.Hints, name) {
				continue
			}
			return Header{}, Error("header: a member that is not allowed")
		}
		if *to, is = value.(string); !is {
			return Header{}, Error("header: " + name + " is not text")
		}
	}
	return h, nil
}
