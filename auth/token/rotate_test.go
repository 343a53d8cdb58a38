package token

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var rotation = time.Date(2026, 5, 1, 14, 0, 0, 0, time.FixedZone("CEST", 2*60*60))

// TestRotate: a key that is added signs, and what was signed before is still verified.
func TestRotate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "keys")
	if keys, err := ListKeys(dir); err != nil || len(keys) != 0 {
		t.Fatalf("before the first start: %v, %v", keys, err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Error("to list the keys has made their folder")
	}
	authority := func() *Authority {
		keys, _, err := LoadKeys(dir)
		if err != nil {
			t.Fatal(err)
		}
		a, err := NewAuthority(keys, "i", "a", time.Now)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	before := authority()
	claims := Claims{Subject: "US1", SessionID: "s", Account: "AC1"}
	old, _, err := before.Issue(claims)
	if err != nil {
		t.Fatal(err)
	}
	added, err := AddKey(dir, rotation)
	if err != nil || added.Name != "20260501T120000Z.pem" {
		t.Fatalf("%+v, %v", added, err)
	}
	info, err := os.Stat(filepath.Join(dir, added.Name))
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the file has mode %v, %v; want 0600", info.Mode(), err)
	}
	after := authority()
	if after.keys.kid != added.ID || before.keys.kid == added.ID {
		t.Errorf("%s signs, want %s", after.keys.kid, added.ID)
	}
	if _, err := after.Verify(old); err != nil {
		t.Errorf("a token from before: %v", err)
	}
	fresh, _, err := after.Issue(claims)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := after.Verify(fresh); err != nil {
		t.Error(err)
	}
	if _, err := before.Verify(fresh); err == nil {
		t.Error("who has not loaded the new key takes its tokens")
	}
	listed, err := ListKeys(dir)
	if want := []KeyFile{{firstKey, before.keys.kid, true}, added}; err != nil || !slices.Equal(listed, want) {
		t.Errorf("%v, %v; want %v", listed, err, want)
	}
	if err := os.Remove(filepath.Join(dir, firstKey)); err != nil {
		t.Fatal(err)
	}
	if _, err := authority().Verify(old); err == nil {
		t.Error("a token of a key that was taken away is good")
	}
}

func TestAddKeyMakesTheFirst(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	added, err := AddKey(dir, rotation)
	if err != nil {
		t.Fatal(err)
	}
	keys, generated, err := LoadKeys(dir)
	if err != nil || generated || keys.kid != added.ID {
		t.Errorf("generated %v, %v", generated, err)
	}
}

func TestAddKeyRefuses(t *testing.T) {
	for name, there := range map[string]string{
		"one of the same second": "20260501T120000Z.pem",
		"a later one":            "20260501T120001Z.pem",
		"one that sorts later":   "production.pem",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeKey(t, filepath.Join(dir, there), seededKey(1), 0o600)
			if _, err := AddKey(dir, rotation); err == nil || !strings.Contains(err.Error(), there) {
				t.Errorf("%v, want an error that names %s", err, there)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
				t.Errorf("the folder holds %v, %v", entries, err)
			}
		})
	}
}

func TestListKeysRefuses(t *testing.T) {
	dir := t.TempDir()
	writeKey(t, filepath.Join(dir, firstKey), seededKey(1), 0o644)
	if _, err := ListKeys(dir); err == nil || !strings.Contains(err.Error(), firstKey) {
		t.Errorf("a key that others may read: %v", err)
	}
}

func TestAddKeyByManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wait.Go(func() { _, errs[i] = AddKey(dir, rotation) })
	}
	wait.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		}
	}
	if keys, err := ListKeys(dir); made != 1 || err != nil || len(keys) != 1 {
		t.Errorf("%d made it; the folder holds %v, %v", made, keys, err)
	}
}
