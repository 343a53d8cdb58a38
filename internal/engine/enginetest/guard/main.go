// Command guard is the generator for the tests' schema: that of internal/engine/gen/guard with rules that the lint refuses.
package main

import (
	"fmt"
	"os"

	"github.com/99designs/gqlgen/codegen/config"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/rules"
	"github.com/fieldgate/fieldgate/internal/engine/gen"
)

func main() {
	cfg, err := config.LoadConfig("gqlgen.yml")
	if err == nil {
		err = gen.Run(cfg, func(cfg *config.Config) (*policy.Table, error) {
			return rules.Compile(cfg.Sources[0], policy.Published())
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "guard:", err)
		os.Exit(1)
	}
}
