package cmd

import (
	"os"
	"strings"
	"testing"
)

// TestRedisThatMayForget: at the start the log and standard output warn of a Redis that may lose what
// it was told. The Redis inside the tests tells nothing of itself, and that too is said.
func TestRedisThatMayForget(t *testing.T) {
	const (
		noFile = "writes no append-only file"
		evicts = "may throw sessions away"
		untold = "does not tell how it keeps its data"
	)
	for _, c := range []struct {
		name     string
		settings []string
		says     []string
	}{
		{"as it should be", nil, nil},
		{"no append-only file", []string{"--appendonly", "no"}, []string{noFile}},
		{"it may evict", []string{"--maxmemory-policy", "allkeys-lru"}, []string{evicts}},
		{"both", []string{"--appendonly", "no", "--maxmemory-policy", "volatile-lru"}, []string{noFile, evicts}},
		{"INFO is refused", []string{"--rename-command", "INFO", ""}, []string{untold}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if os.Getenv("FIELDGATE_TEST_REDIS_SERVER") == "" {
				c.says = []string{untold}
			}
			p := startDemo(t, "--redis-url", startRedis(t, c.settings...).url())
			for _, text := range []string{noFile, evicts, untold} {
				want := strings.Contains(strings.Join(c.says, " "), text)
				if got := strings.Contains(p.stderr.String(), text); got != want {
					t.Errorf("the log says %q: %v, want %v\n%s", text, got, want, p.stderr)
				}
				if got := strings.Contains(p.stdout.String(), text); got != (want && text != untold) {
					t.Errorf("standard output says %q: %v\n%s", text, got, p.stdout)
				}
			}
		})
	}
}
