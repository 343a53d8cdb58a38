package audit

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/fieldgate/fieldgate/internal/keyfile"
)

// keySize is the length of a key in bytes.
const keySize = 32

// Keyring is the keys of the audit trail, which are kept outside of the database: the first signs, all verify.
// It does not change once made, so it may be shared.
type Keyring struct {
	signs string
	keys  map[string][]byte // by id
}

// NewKeyring makes a keyring of keys of 32 bytes each. There must be one.
func NewKeyring(keys ...[]byte) (*Keyring, error) {
	if len(keys) == 0 {
		return nil, errors.New("audit: no key")
	}
	k := &Keyring{keys: map[string][]byte{}}
	for _, key := range keys {
		if len(key) != keySize {
			return nil, fmt.Errorf("audit: a key has %d bytes, want %d", len(key), keySize)
		}
		k.keys[keyID(key)] = key
	}
	k.signs = keyID(keys[0])
	return k, nil
}

// keyID names a key, and tells nothing of it.
func keyID(key []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("fieldgate audit key id"))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// Knows says whether one of the keys has this id.
func (k *Keyring) Knows(id string) bool { return k.keys[id] != nil }

// mac is the MAC of a message under the key of this id; nil when there is no such key.
func (k *Keyring) mac(id string, message []byte) []byte {
	key, known := k.keys[id]
	if !known {
		return nil
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(message)
	return mac.Sum(nil)
}

// ReadKeys reads a file of keys, one to a line: 32 random bytes in base64. A file that its group or others may
// read is refused. One that is missing is fs.ErrNotExist.
func ReadKeys(path string) (*Keyring, error) {
	text, err := keyfile.Read(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var keys [][]byte
	for n, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		key, ok := parseKey(strings.TrimSpace(line))
		if !ok { // the line is not quoted: it may be a part of a key
			return nil, fmt.Errorf("%s, line %d: want %d random bytes in base64", path, n+1, keySize)
		}
		keys = append(keys, key)
	}
	return NewKeyring(keys...)
}

// parseKey reads a key as fieldgate writes it, or as openssl rand -base64 32 does.
func parseKey(line string) ([]byte, bool) {
	line = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(line, "="))
	key, err := base64.RawURLEncoding.DecodeString(line)
	return key, err == nil && len(key) == keySize
}

// MakeKeys makes a file with a new key, for its owner alone, unless there is such a file, which is left as it is. The
// folder is made when it is missing. made tells whoever has made it.
func MakeKeys(path string) (made bool, err error) {
	var key [keySize]byte
	rand.Read(key[:]) // never fails
	made, err = keyfile.Make(path, []byte(base64.RawURLEncoding.EncodeToString(key[:])+"\n"))
	if err != nil {
		return false, fmt.Errorf("audit: making a key: %w", err)
	}
	return made, nil
}
