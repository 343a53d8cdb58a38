package cmd

import (
	"strings"
	"testing"
)

// TestDataFolderInUse: two gateways that keep their sessions in themselves must not share
// a data folder. A session ended on one, or a role taken away, would live on in the other.
func TestDataFolderInUse(t *testing.T) {
	folder := demoData(t)
	first := start(t, "--data", folder)
	got := command(t, "serve", "--listen=127.0.0.1:0", "--data="+folder)
	if got.status != 1 || !strings.Contains(got.stderr, "another gateway uses") || !strings.Contains(got.stderr, "--redis-url") {
		t.Errorf("a second gateway: status %d, %s", got.status, got.stderr)
	}
	if status := first.stop(); status != 0 {
		t.Fatalf("the first stopped with %d: %s", status, first.stderr)
	}
	start(t, "--data", folder) // which is free again
}
