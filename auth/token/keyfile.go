package token

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fieldgate/fieldgate/internal/keyfile"
)

// firstKey is the name of a generated key. It is a UTC timestamp like every key's name, but a fixed one: of two
// processes that start at once only one can create it, and any key that is added later is newer.
const firstKey = "19700101T000000Z.pem"

// LoadKeys reads the signing keys from dir/*.pem: PKCS#8 Ed25519 keys, one to a file. Files are ordered by name, and the
// last is the newest, so a name should be its UTC timestamp (20260501T120000Z.pem); to rotate, add one (AddKey), and take the
// old one away when its last token has expired.
//
// A file that its group or others may read is refused. When there is no key, one is generated and kept there with mode
// 0600, and generated is true; the folder is made when it is missing.
func LoadKeys(dir string) (keys *Keys, generated bool, err error) {
	found, err := readKeys(dir)
	if err != nil {
		return nil, false, err
	}
	if len(found) == 0 {
		if generated, err = generateKey(dir, firstKey); err != nil {
			return nil, false, err
		}
		// Read back what is there: another process may have been first, and then its key is the one to use.
		if found, err = readKeys(dir); err != nil {
			return nil, false, err
		}
	}
	if keys, err = NewKeys(found...); err != nil {
		return nil, false, err
	}
	return keys, generated, nil
}

// readKeys returns the keys in dir in the order of their names; a folder that does not exist has none.
func readKeys(dir string) ([]ed25519.PrivateKey, error) {
	names, err := keyNames(dir)
	if err != nil {
		return nil, err
	}
	var keys []ed25519.PrivateKey
	for _, name := range names {
		key, err := readKey(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("token: signing key %s: %w", name, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// keyNames returns the names of the key files in dir, in order.
func keyNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("token: signing keys: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if name := entry.Name(); filepath.Ext(name) == ".pem" && !strings.HasPrefix(name, ".") {
			names = append(names, name)
		}
	}
	return names, nil
}

func readKey(path string) (ed25519.PrivateKey, error) {
	text, err := keyfile.Read(path)
	if err != nil {
		return nil, err
	}
	return parseKey(text)
}

// parseKey reads one PEM block. Its errors are our own words: those of the parser below could quote the key.
func parseKey(text []byte) (ed25519.PrivateKey, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" || len(strings.TrimSpace(string(rest))) != 0 {
		return nil, errors.New("is not one PEM block of type PRIVATE KEY")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("is not a PKCS#8 key")
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("is not an Ed25519 key")
	}
	return key, nil
}

// generateKey writes a new key into dir, under this name, unless there is one; made tells whoever has made it.
func generateKey(dir, name string) (made bool, err error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return false, fmt.Errorf("token: making a signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return false, fmt.Errorf("token: making a signing key: %w", err)
	}
	made, err = keyfile.Make(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		return false, fmt.Errorf("token: making a signing key: %w", err)
	}
	return made, nil
}
