package engine_test

import (
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/rules"
	"github.com/vektah/gqlparser/v2/ast"
)

// compile is the table of a variant of the tests' schema.
func compile(t *testing.T, source *ast.Source, c caller) *policy.Table {
	t.Helper()
	table, err := rules.Compile(source, c.matrix(t))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// wantRefused expects that no handler is made.
func wantRefused(t *testing.T, cfg engine.Config, why string) {
	t.Helper()
	h, err := engine.NewHandler(enginetest.New(), cfg)
	if err == nil || h != nil || !strings.Contains(err.Error(), why) {
		t.Errorf("NewHandler: %v, want an error with %q", err, why)
	}
}
