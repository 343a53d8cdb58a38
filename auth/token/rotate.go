package token

import (
	"crypto/ed25519"
	"fmt"
	"path/filepath"
	"time"
)

// keyTime is how a key's name says when it was made, in UTC: names are then in the order of time.
const keyTime = "20060102T150405Z"

// KeyFile is a signing key in its folder.
type KeyFile struct {
	Name string // of the file
	ID   string // kid: what tokens and the published key set call it
	// Generated says that it was made by LoadKeys, and not given.
	Generated bool
}

// ListKeys returns the signing keys in dir in the order of their names: the last one signs. It refuses what LoadKeys
// refuses, and makes nothing; a folder that does not exist has none.
func ListKeys(dir string) ([]KeyFile, error) {
	names, err := keyNames(dir)
	if err != nil {
		return nil, err
	}
	keys := make([]KeyFile, len(names))
	for i, name := range names {
		if keys[i], err = describeKey(dir, name); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// AddKey makes a new signing key in dir, readable by its owner alone and named after now. Whoever loads the keys from
// then on signs with it; the older ones still verify, and are of no more use TTL and Leeway after the last gateway that
// signs with them has stopped. The folder is made when it is missing. It fails when the key would not be the last by
// name, and so not sign.
func AddKey(dir string, now time.Time) (KeyFile, error) {
	name := now.UTC().Format(keyTime) + ".pem"
	names, err := keyNames(dir)
	if err != nil {
		return KeyFile{}, err
	}
	if n := len(names); n > 0 && names[n-1] > name {
		return KeyFile{}, fmt.Errorf("token: a key named %s would not sign, because %s comes after it", name, names[n-1])
	}
	made, err := generateKey(dir, name)
	if err == nil && !made {
		err = fmt.Errorf("token: a key named %s was made in this very second", name)
	}
	if err != nil {
		return KeyFile{}, err
	}
	return describeKey(dir, name)
}

func describeKey(dir, name string) (KeyFile, error) {
	key, err := readKey(filepath.Join(dir, name))
	if err != nil {
		return KeyFile{}, fmt.Errorf("token: signing key %s: %w", name, err)
	}
	return KeyFile{Name: name, ID: thumbprint(key.Public().(ed25519.PublicKey)), Generated: name == firstKey}, nil
}
