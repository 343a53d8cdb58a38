package token

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The key and its thumbprint are those of RFC 8037, appendices A.2 and A.3.
func TestThumbprintIsThatOfTheRFC(t *testing.T) {
	public, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := thumbprint(public), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestJWKSHoldsThePublicKeysNewestFirst(t *testing.T) {
	older, newer := seededKey(1), seededKey(2)
	keys, err := NewKeys(older, newer, newer)
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Keys []map[string]string `json:"keys"`
	}
	if err := json.Unmarshal(keys.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != 2 {
		t.Fatalf("got %d keys, want 2", len(set.Keys))
	}
	for i, key := range []ed25519.PrivateKey{newer, older} {
		public := key.Public().(ed25519.PublicKey)
		want := map[string]string{
			"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
			"kid": thumbprint(public), "x": base64.RawURLEncoding.EncodeToString(public),
		}
		if len(set.Keys[i]) != len(want) {
			t.Errorf("key %d has members %v, want %v", i, set.Keys[i], want)
		}
		for name, value := range want {
			if set.Keys[i][name] != value {
				t.Errorf("key %d: %s is %q, want %q", i, name, set.Keys[i][name], value)
			}
		}
	}
	keys.JWKS()[0] = 'x'
	if keys.JWKS()[0] != '{' {
		t.Error("a caller can change the key set")
	}
}

func TestNewKeysRefuses(t *testing.T) {
	if _, err := NewKeys(); err == nil {
		t.Error("an empty set was made")
	}
	if _, err := NewKeys(seededKey(1)[:31]); err == nil {
		t.Error("a cut key was taken")
	}
}

// writeKey writes a private key as PEM.
func writeKey(t *testing.T, path string, key any, mode os.FileMode) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), mode)
}

func write(t *testing.T, path string, text []byte, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, text, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestLoadKeysGeneratesOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "keys")
	first, generated, err := LoadKeys(dir)
	if err != nil || !generated {
		t.Fatalf("first start: generated %v, %v", generated, err)
	}
	second, generated, err := LoadKeys(dir)
	if err != nil || generated || second.kid != first.kid {
		t.Errorf("second start: generated %v, the same key %v, %v", generated, second.kid == first.kid, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != firstKey {
		t.Fatalf("the folder holds %v, %v; want %s alone", entries, err, firstKey)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the file has mode %v, %v; want 0600", info.Mode(), err)
	}
}

func TestLoadKeysByManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	kids, made, errs := make([]string, 16), make([]bool, 16), make([]error, 16)
	for i := range kids {
		wait.Go(func() {
			keys, generated, err := LoadKeys(dir)
			if made[i], errs[i] = generated, err; err == nil {
				kids[i] = keys.kid
			}
		})
	}
	wait.Wait()
	makers := 0
	for i := range kids {
		if errs[i] != nil || kids[i] != kids[0] {
			t.Errorf("start %d: key %q, %v; want that of the first, %q", i, kids[i], errs[i], kids[0])
		}
		if made[i] {
			makers++
		}
	}
	if makers != 1 {
		t.Errorf("%d generated the key, want 1", makers)
	}
}

func TestLoadKeysTakesTheNewestByName(t *testing.T) {
	dir := t.TempDir()
	writeKey(t, filepath.Join(dir, "20260501T120000Z.pem"), seededKey(2), 0o600)
	writeKey(t, filepath.Join(dir, firstKey), seededKey(1), 0o400)
	write(t, filepath.Join(dir, "README.txt"), []byte("not a key"), 0o644)
	write(t, filepath.Join(dir, ".hidden.pem"), []byte("not a key"), 0o644)
	keys, generated, err := LoadKeys(dir)
	if err != nil || generated {
		t.Fatalf("generated %v, %v", generated, err)
	}
	if want := thumbprint(seededKey(2).Public().(ed25519.PublicKey)); keys.kid != want {
		t.Error("the newest key does not sign")
	}
	if len(keys.verifies) != 2 {
		t.Errorf("%d keys verify, want 2", len(keys.verifies))
	}
}

func TestLoadKeysRefuses(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := func(t *testing.T) []byte {
		path := filepath.Join(t.TempDir(), "key")
		writeKey(t, path, seededKey(1), 0o600)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, put := range map[string]func(t *testing.T, path string){
		"group may read":  func(t *testing.T, path string) { writeKey(t, path, seededKey(1), 0o640) },
		"others may read": func(t *testing.T, path string) { writeKey(t, path, seededKey(1), 0o604) },
		"group may write": func(t *testing.T, path string) { writeKey(t, path, seededKey(1), 0o620) },
		"another curve":   func(t *testing.T, path string) { writeKey(t, path, ec, 0o600) },
		"not PEM":         func(t *testing.T, path string) { write(t, path, []byte("secret words"), 0o600) },
		"empty":           func(t *testing.T, path string) { write(t, path, nil, 0o600) },
		"two keys":        func(t *testing.T, path string) { write(t, path, bytes.Repeat(good(t), 2), 0o600) },
		"another PEM type": func(t *testing.T, path string) {
			write(t, path, bytes.ReplaceAll(good(t), []byte("PRIVATE"), []byte("PUBLIC")), 0o600)
		},
		"too long": func(t *testing.T, path string) { write(t, path, append(good(t), make([]byte, 16<<10)...), 0o600) },
		"not PKCS#8": func(t *testing.T, path string) {
			write(t, path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret words")}), 0o600)
		},
		"a folder": func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeKey(t, filepath.Join(dir, firstKey), seededKey(1), 0o600)
			put(t, filepath.Join(dir, "20260501T120000Z.pem"))
			_, _, err := LoadKeys(dir)
			if err == nil {
				t.Fatal("the key was taken")
			}
			if !strings.Contains(err.Error(), "20260501T120000Z.pem") || strings.Contains(err.Error(), "secret words") {
				t.Errorf("the error must name the file and hold nothing of it: %v", err)
			}
		})
	}
}

func TestNewAuthorityRefusesGaps(t *testing.T) {
	f := newForger(t)
	for name, try := range map[string]func() (*Authority, error){
		"no keys":     func() (*Authority, error) { return NewAuthority(nil, "i", "a", f.Authority.now) },
		"zero keys":   func() (*Authority, error) { return NewAuthority(&Keys{}, "i", "a", f.Authority.now) },
		"no issuer":   func() (*Authority, error) { return NewAuthority(f.keys, "", "a", f.Authority.now) },
		"no audience": func() (*Authority, error) { return NewAuthority(f.keys, "i", "", f.Authority.now) },
		"no clock":    func() (*Authority, error) { return NewAuthority(f.keys, "i", "a", nil) },
	} {
		if _, err := try(); err == nil {
			t.Errorf("%s: an authority was made", name)
		}
	}
}
