package resolvers_test

import (
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/resolvers"
)

// TestViewerIsNotRead: what the principal says of the caller is not read from anywhere; there is nothing here to read it from.
func TestViewerIsNotRead(t *testing.T) {
	answer := follow(t, &resolvers.Root{}, policy.Support, `{ viewer { sid roles } }`)
	if !strings.Contains(answer, `{"viewer":{"sid":"US1","roles":["SUPPORT"]}}`) || strings.Contains(answer, `"errors"`) {
		t.Error(answer)
	}
}
