package cmd

import (
	"regexp"
	"slices"
	"testing"

	"github.com/alecthomas/kong"
)

// TestSecretsHaveFiles: whatever a flag takes that is a secret, or a URL with one in it,
// can stand in a file, by flag and by environment variable, and not in two places.
func TestSecretsHaveFiles(t *testing.T) {
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	secret := regexp.MustCompile(`(password|secret|token|redis-url|database-url)$`)
	found := 0
	for _, node := range parser.Model.Leaves(false) {
		flags := map[string]*kong.Flag{}
		for _, flag := range node.Flags {
			flags[flag.Name] = flag
		}
		for name, flag := range flags {
			if !secret.MatchString(name) {
				continue
			}
			found++
			file := flags[name+"-file"]
			if file == nil || len(flag.Envs) != 1 || !slices.Equal(file.Envs, []string{flag.Envs[0] + "_FILE"}) ||
				len(flag.Xor) == 0 || !slices.Equal(flag.Xor, file.Xor) {
				t.Errorf("%s --%s can stand in no file, or in two places", node.Path(), name)
			}
		}
	}
	if found < 2 {
		t.Errorf("%d secrets are known to this test", found)
	}
}

// TestSecretsFromFiles starts the program with every secret in a file.
func TestSecretsFromFiles(t *testing.T) {
	r, data := startRedis(t), demoData(t)
	t.Setenv("FIELDGATE_REDIS_URL_FILE", file(t, "redis-url", r.url()+"\n"))
	t.Setenv("FIELDGATE_DEMO_PASSWORD_FILE", file(t, "demo-password", password+"\r\n"))
	p := start(t, "--data", data)
	who := p.signIn(owner)
	p.stop()
	p = start(t, "--data", data)
	client{p, who.access, who.refresh}.do(`{ viewer { sid } }`, nil).ok(t) // the session was in that Redis
	t.Setenv("FIELDGATE_REDIS_URL", r.url())
	if got := command(t, "serve", "--data", data); got.status != 2 {
		t.Errorf("a secret given twice: %+v", got)
	}
}
