// Command guard generates what a schema needs: it runs gqlgen with the plugin that generates the writers, and then puts
// every field's check first in the field's generated function. See package gen.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/99designs/gqlgen/codegen/config"
	"github.com/fieldgate/fieldgate/internal/engine/gen"
)

func main() {
	file := flag.String("config", "gqlgen.yml", "gqlgen's configuration")
	matrix := flag.String("matrix", "", "the matrix of roles and permissions, a CSV file (default: the published one)")
	lint := flag.Bool("lint", true, "refuse a schema that fails the lint")
	flag.Parse()
	cfg, err := config.LoadConfig(*file)
	if err == nil {
		err = gen.Run(cfg, gen.Rules(*matrix, *lint))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "guard:", err)
		os.Exit(1)
	}
}
