// Command gen is the generator step for the comparison's schema: that of internal/engine/gen/guard, with its own matrix.
package main

import (
	"fmt"
	"os"

	"github.com/99designs/gqlgen/codegen/config"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine/gen"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run() error {
	cfg, err := config.LoadConfig("gqlgen.yml")
	if err != nil {
		return err
	}
	if err := cfg.LoadSchema(); err != nil {
		return err
	}
	rows, err := os.Open("matrix.csv")
	if err != nil {
		return err
	}
	defer rows.Close()
	matrix, err := policy.ParseMatrix(rows)
	if err != nil {
		return err
	}
	table, faults := policy.Compile(cfg.Schema, matrix)
	if len(faults) > 0 {
		return faults
	}
	src, err := os.ReadFile(cfg.Exec.Filename)
	if err != nil {
		return err
	}
	guarded, err := gen.Guard(src, cfg.Schema, table)
	if err != nil {
		return err
	}
	return os.WriteFile(cfg.Exec.Filename, guarded, 0o644)
}
