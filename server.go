// Command fieldgate is a GraphQL gateway with field-level authorization. See README.md.
package main

import (
	"os"

	"github.com/fieldgate/fieldgate/internal/cmd"
)

func main() {
	os.Exit(cmd.Main(os.Args[1:], os.Stdout, os.Stderr))
}
