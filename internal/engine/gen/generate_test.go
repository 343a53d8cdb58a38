package gen_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine/gen"
	"github.com/vektah/gqlparser/v2/ast"
)

// TestGenerate runs gqlgen for the real schema in a copy of the repository. What plain gqlgen writes must not compile
// with the program, so that nobody serves it by mistake; and with the step after it, it must be what is committed.
func TestGenerate(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	copyTree(t, root, dir)
	t.Chdir(dir)
	cfg, err := config.LoadConfig("gqlgen.yml")
	if err != nil {
		t.Fatal(err)
	}
	cfg.SkipValidation, cfg.SkipModTidy = true, true
	writers := gen.NewWriters(gen.Rules("", true))
	if err := api.Generate(cfg, api.AddPlugin(writers)); err != nil {
		t.Fatal(err)
	}
	plain := read(t, "graph/generated.go")

	// In the repository itself, where all that this does not change is compiled already.
	build := func(with map[string]string, what string) (string, error) {
		replace, err := json.Marshal(map[string]any{"Replace": with})
		if err != nil {
			t.Fatal(err)
		}
		overlay := filepath.Join(dir, "overlay.json")
		if err := os.WriteFile(overlay, replace, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("go", "build", "-overlay", overlay, "-o", os.DevNull, what)
		cmd.Dir = root
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
	unguarded := map[string]string{filepath.Join(root, "graph/generated.go"): filepath.Join(dir, "graph/generated.go")}
	if out, err := build(unguarded, "./graph"); err == nil || !strings.Contains(out, "ec.gate undefined") {
		t.Errorf("the writers and what plain gqlgen writes: %v\n%s", err, out)
	}
	unguarded[filepath.Join(root, "graph/writers.go")] = "" // is not there
	if out, err := build(unguarded, "./internal/cmd"); err == nil || !strings.Contains(out, "undefined: graph.NewGuardedSchema") {
		t.Errorf("the program and what plain gqlgen writes: %v\n%s", err, out)
	}
	if out, err := build(unguarded, "./graph"); err != nil {
		t.Errorf("what plain gqlgen writes does not compile by itself, so the above shows nothing: %s", out)
	}

	guarded, err := gen.Guard([]byte(plain), cfg.Schema, writers.Table)
	if err != nil {
		t.Fatal(err)
	}
	if string(guarded) != read(t, filepath.Join(root, "graph/generated.go")) {
		t.Error("graph/generated.go is not what the schema makes: run go generate ./graph")
	}
	for _, name := range []string{"graph/model/models.go", "graph/writers.go"} {
		if read(t, name) != read(t, filepath.Join(root, name)) {
			t.Errorf("%s is not what the schema makes: run go generate ./graph", name)
		}
	}

	fields := 0
	for _, def := range cfg.Schema.Types {
		if def.Kind == ast.Object && !strings.HasPrefix(def.Name, "__") {
			fields += len(def.Fields)
		}
	}
	fields -= 2 // Query.__schema and Query.__type, which are holes too
	text, n := read(t, "graph/writers.go"), writers.Count
	if n.Written+n.Holes+n.Streamed != fields || n.Written == 0 || n.Holes == 0 || n.Streamed != len(cfg.Schema.Subscription.Fields) {
		t.Errorf("%+v of %d fields", n, fields)
	}
	if checks, holes := strings.Count(text, "if !o.May("), strings.Count(text, "w.Hole(")+strings.Count(text, "}.Resolve(w, "); checks != n.Written+n.Holes+2 || holes != n.Holes+2 {
		t.Errorf("%d checks and %d holes stand in the writers: %+v", checks, holes, n)
	}
}

// copyTree copies what the program is built from.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		name := d.Name()
		switch {
		case d.IsDir() && path != from && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || name == "data"):
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		case !d.Type().IsRegular() || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), text, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRules: the generator reads the matrix that it is given, and refuses what cannot be read or fails the lint.
func TestRules(t *testing.T) {
	schema, _ := load(t, read(t, "testdata/schema.graphqls"))
	table, _ := policy.Compile(schema, policy.Published())
	cfg := &config.Config{Schema: schema}
	published := read(t, "../../../auth/policy/matrix.csv")
	for _, row := range []struct {
		name, matrix string
		lint         bool
		want         string // what the error says
	}{
		{name: "the published one"},
		{name: "a file", matrix: published},
		{name: "no matrix", matrix: "permission,role\n", want: "matrix.csv: "},
		{name: "a schema that fails the lint", lint: true, want: "the matrix has a row"},
	} {
		t.Run(row.name, func(t *testing.T) {
			file := ""
			if row.matrix != "" {
				file = filepath.Join(t.TempDir(), "matrix.csv")
				if err := os.WriteFile(file, []byte(row.matrix), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := gen.Rules(file, row.lint)(cfg)
			switch {
			case row.want != "" && (err == nil || got != nil || !strings.Contains(err.Error(), row.want)):
				t.Errorf("%v, want %q", err, row.want)
			case row.want == "" && (err != nil || got.Fingerprint() != table.Fingerprint()):
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	if _, err := gen.Rules("testdata/none.csv", true)(cfg); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}
