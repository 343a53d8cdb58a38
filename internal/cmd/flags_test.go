package cmd

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestReadmeFlags: the table of flags in README.md has them all, in the order of --help, each with its variable and default.
// Limits have a table of their own.
func TestReadmeFlags(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "| flag | variable | default | |\n")
	table, _, end := strings.Cut(table, "\n\n")
	if !ok || !end {
		t.Fatal("README.md has no table of flags")
	}
	parser, err := kong.New(&serve{})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, group := range parser.Model.AllFlags(true) {
		for _, f := range group {
			if f.Name == "help" || strings.HasPrefix(f.Name, "limit-") || strings.HasPrefix(f.Name, "budget") {
				continue
			}
			want = append(want, "--"+f.Name)
			if len(f.Envs) != 1 || f.Envs[0] != "FIELDGATE_"+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_")) {
				t.Errorf("the variable of --%s is %v", f.Name, f.Envs)
			}
			if file := strings.HasSuffix(f.Name, "-file"); !file && !strings.Contains(table, "| `"+f.Envs[0]+"`") {
				t.Errorf("README.md does not name %s", f.Envs[0])
			}
			if f.Default != "" && f.Default != "auto" && !strings.Contains(table, "`"+f.Default+"`") {
				t.Errorf("README.md does not say that --%s is %s by default", f.Name, f.Default)
			}
		}
	}
	var got []string
	flag := regexp.MustCompile("`(--[a-z-]+)`")
	for line := range strings.Lines(table) {
		names, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for _, found := range flag.FindAllStringSubmatch(names, -1) {
			got = append(got, found[1])
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("README.md has\n%q,\nand --help\n%q", got, want)
	}
}
