// Package relay makes and reads what Relay's specifications ask of a server:
// global object ids and the cursors of connections. Both are opaque to clients.
package relay

import (
	"encoding/base64"
	"strings"
)

// maxID bounds an id before it is decoded.
const maxID = 256

// GlobalID is the opaque id of the object of this GraphQL type and key, where the
// key is the SID of most types.
func GlobalID(typeName, key string) string {
	var named, encoded [128]byte // room on the stack for what is usual
	text := append(append(append(named[:0], typeName...), ':'), key...)
	return string(base64.RawURLEncoding.AppendEncode(encoded[:0], text))
}

// ParseID reads the GraphQL type and the key out of a global id. It is false for
// what GlobalID cannot have made. It says nothing of whether the object exists.
func ParseID(id string) (typeName, key string, ok bool) {
	if id == "" || len(id) > maxID {
		return "", "", false
	}
	raw, ok := decode(id)
	if !ok {
		return "", "", false
	}
	typeName, key, ok = strings.Cut(string(raw), ":")
	if !ok || typeName == "" || key == "" || !printable(key) || !printable(typeName) {
		return "", "", false
	}
	return typeName, key, true
}

// decode reads base64 that has one form only: Go's decoder skips line breaks, even
// where it is strict.
func decode(s string) ([]byte, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return raw, err == nil && !strings.ContainsAny(s, "\r\n")
}

// printable says whether s is ASCII without blanks and control characters, as every key is.
func printable(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}
