package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
)

var update = flag.Bool("update", false, "write the matrix into README.md")

// TestReadmeMatrix holds the table in README.md to the matrix.
func TestReadmeMatrix(t *testing.T) {
	const begin, end = "<!-- matrix: written by go test . -update -->\n", "<!-- end of the matrix -->"
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	if !ok {
		t.Fatalf("README.md has no line %q", begin)
	}
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("README.md has no line %q", end)
	}
	want := before + begin + matrixTable(policy.Published()) + end + after
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(text) != want {
		t.Error("the table in README.md is not the matrix: run go test . -update")
	}
}

func matrixTable(m *policy.Matrix) string {
	var b strings.Builder
	b.WriteString("| permission | | Owner | Administrator | Developer | Billing Manager | Support | source |\n")
	b.WriteString("|---|---|:-:|:-:|:-:|:-:|:-:|---|\n")
	for _, row := range m.Rows() {
		page := strings.ToLower(strings.ReplaceAll(string(row.Permission), "_", "-"))
		fmt.Fprintf(&b, "| `%s` | [%s](docs/permissions/%s.md) |", row.Permission, row.Title, page)
		for _, role := range policy.Roles() {
			cell := ""
			if slices.Contains(row.Roles, role) {
				cell = "✓" + inferred(row, role)
			}
			fmt.Fprintf(&b, " %s |", cell)
		}
		fmt.Fprintf(&b, " %s |\n", row.Source)
	}
	return b.String()
}

// inferred marks the cell that a row's source names as not published by its place:
// such a source ends with the role.
func inferred(row policy.Row, role policy.Role) string {
	name := map[policy.Role]string{policy.Support: "Support"}[role]
	if row.Source != "published" && name != "" && strings.HasPrefix(row.Source, "published") && strings.HasSuffix(row.Source, name) {
		return "*"
	}
	return ""
}
