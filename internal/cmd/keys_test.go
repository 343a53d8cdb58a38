package cmd

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestKeys rotates the signing key: who is signed in stays so, new tokens are signed with
// the new key, and in the end the old one can go.
func TestKeys(t *testing.T) {
	data, r := demoData(t), startRedis(t)
	arguments := []string{"--data", data, "--demo-password", password, "--redis-url", r.url()}
	keys := func(more ...string) result { return command(t, append([]string{"keys", "--data", data}, more...)...) }

	listed := regexp.MustCompile(`^FILE +KEY ID +USE\n19700101T000000Z\.pem  ([\w-]{43})  signs, verifies\n$`).FindStringSubmatch(keys().stdout)
	if listed == nil {
		t.Fatalf("keys: %+v", keys())
	}
	old := listed[1]
	p := start(t, arguments...)
	who := p.signIn(support)
	made := keys("new")
	added := regexp.MustCompile(`([0-9TZ]+\.pem)  ([\w-]{43})\n`).FindStringSubmatch(made.stdout)
	if made.status != 0 || added == nil || strings.Contains(made.stdout, "PRIVATE") {
		t.Fatalf("keys new: %+v", made)
	}
	if info, err := os.Stat(filepath.Join(data, "keys", added[1])); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, want mode 0600", err)
	}
	p.signIn(support).do(`{ viewer { sid } }`, nil).ok(t) // nothing changes before the next start
	p.stop()

	p = start(t, arguments...)
	client{p, who.access, who.refresh}.do(`{ viewer { sid } }`, nil).ok(t)
	fresh := p.signIn(support)
	p.stop()
	want := regexp.MustCompile(`\n19700101T000000Z\.pem +` + old + ` +verifies\n` + added[1] + ` +` + added[2] + ` +signs, verifies\n$`)
	if got := keys("list"); got.status != 0 || !want.MatchString(got.stdout) {
		t.Errorf("keys list: %+v", got)
	}
	if err := os.Remove(filepath.Join(data, "keys", "19700101T000000Z.pem")); err != nil {
		t.Fatal(err)
	}
	p = start(t, arguments...)
	client{p, fresh.access, fresh.refresh}.do(`{ viewer { sid } }`, nil).ok(t)
	refused401(t, client{p, who.access, who.refresh})
	_, a := client{p, who.access, who.refresh}.renew() // the session itself lives
	a.ok(t)
}

func TestKeysRefused(t *testing.T) {
	none := filepath.Join(t.TempDir(), "data")
	if got := command(t, "keys", "--data", none); got.status != 1 || !strings.Contains(got.stderr, "keys new") {
		t.Errorf("no keys: %+v", got)
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("to list the keys has made the folder")
	}
	if got := command(t, "keys", "new", "--data", none); got.status != 0 {
		t.Errorf("the first key: %+v", got)
	}
	if info, err := os.Stat(filepath.Join(none, "keys", "audit.key")); err != nil || info.Mode() != 0o600 {
		t.Errorf("no key of the audit trail was made: %v", err)
	}
	later := filepath.Join(none, "keys", "99990101T000000Z.pem")
	if err := os.Rename(keyFile(t, none), later); err != nil {
		t.Fatal(err)
	}
	if got := command(t, "keys", "new", "--data", none); got.status != 1 || !strings.Contains(got.stderr, "99990101T000000Z.pem") {
		t.Errorf("a key that would not sign: %+v", got)
	}
	if err := os.Chmod(later, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := command(t, "keys", "--data", none); got.status != 1 || !strings.Contains(got.stderr, "chmod") {
		t.Errorf("a key that others may read: %+v", got)
	}
}
