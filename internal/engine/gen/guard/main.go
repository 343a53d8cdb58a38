// Command guard is the generator step after gqlgen: it puts every field's check
// first in the field's generated function. See package gen.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/99designs/gqlgen/codegen/config"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine/gen"
)

func main() {
	file := flag.String("config", "gqlgen.yml", "gqlgen's configuration")
	lint := flag.Bool("lint", true, "refuse a schema that fails the lint")
	flag.Parse()
	if err := run(*file, *lint); err != nil {
		fmt.Fprintln(os.Stderr, "guard:", err)
		os.Exit(1)
	}
}

func run(file string, lint bool) error {
	cfg, err := config.LoadConfig(file)
	if err != nil {
		return err
	}
	if err := cfg.LoadSchema(); err != nil {
		return err
	}
	table, faults := policy.Compile(cfg.Schema, policy.Published())
	if lint && len(faults) > 0 {
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
