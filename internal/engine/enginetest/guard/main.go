// Command guard is the generator step for the tests' schema: that of internal/engine/gen/guard without the lint.
package main

import (
	"fmt"
	"os"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/rules"
	"github.com/fieldgate/fieldgate/internal/engine/gen"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

func main() {
	if err := run("schema.graphqls", "generated.go"); err != nil {
		fmt.Fprintln(os.Stderr, "guard:", err)
		os.Exit(1)
	}
}

func run(schemaFile, generated string) error {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		return err
	}
	source := &ast.Source{Name: schemaFile, Input: string(text)}
	table, err := rules.Compile(source, policy.Published())
	if err != nil {
		return err
	}
	schema, err := gqlparser.LoadSchema(source)
	if err != nil {
		return err
	}
	src, err := os.ReadFile(generated)
	if err != nil {
		return err
	}
	guarded, err := gen.Guard(src, schema, table)
	if err != nil {
		return err
	}
	return os.WriteFile(generated, guarded, 0o644)
}
