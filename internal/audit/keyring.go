package audit

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	// keySize is the length of a key in bytes.
	keySize = 32
	// maxKeyFile is far more than a file of keys needs.
	maxKeyFile = 16 << 10
)

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
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	// The open file is asked, not the path, so that what is checked is what is read.
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s: mode %04o lets others read it; chmod it to 0600", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxKeyFile {
		return nil, fmt.Errorf("%s is too long for keys", path)
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
	defer func() {
		if err != nil {
			err = fmt.Errorf("audit: making a key: %w", err)
		}
	}()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, err
	}
	// The key is complete on the disk before it has its name, and linking fails when the name is taken.
	temp, err := os.CreateTemp(dir, ".audit-*") // mode 0600
	if err != nil {
		return false, err
	}
	defer os.Remove(temp.Name())
	var key [keySize]byte
	rand.Read(key[:]) // never fails
	_, err = fmt.Fprintln(temp, base64.RawURLEncoding.EncodeToString(key[:]))
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return false, err
	}
	if err = os.Link(temp.Name(), path); errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return false, err
	}
	return true, errors.Join(folder.Sync(), folder.Close()) // the name lasts through a power failure
}
