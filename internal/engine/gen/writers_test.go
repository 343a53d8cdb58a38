package gen_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/codegen/config"
	"github.com/fieldgate/fieldgate/auth/policy"
)

// TestWritersCheckFirst reads every writer of the real schema: an object's check is asked before anything of it is written,
// and each field's is the first statement of its case, literally, by the number that the rules gave it.
func TestWritersCheckFirst(t *testing.T) {
	t.Chdir("../../..")
	cfg, err := config.LoadConfig("gqlgen.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.LoadSchema(); err != nil {
		t.Fatal(err)
	}
	table, faults := policy.Compile(cfg.Schema, policy.Published())
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "graph/writers.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	text := func(n ast.Node) string {
		var out bytes.Buffer
		if err := format.Node(&out, set, n); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(out.String()), " ")
	}
	fields := 0
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv == nil {
			continue
		}
		object := strings.TrimPrefix(f.Name.Name, "write")
		def := cfg.Schema.Types[object]
		if def == nil || len(def.Fields) == 0 || def.IsAbstractType() {
			continue
		}
		if got, want := text(f.Body.List[1]), "if !w.Begin(&o, s, "+strconv.Itoa(int(table.Object(object)))+") { return false }"; got != want {
			t.Errorf("%s begins with %s, want %s", object, got, want)
		}
		ast.Inspect(f.Body.List[2], func(n ast.Node) bool {
			c, ok := n.(*ast.CaseClause)
			if !ok || len(c.List) != 1 || text(c.List[0]) == "-1" {
				return true
			}
			number, err := strconv.Atoi(text(c.List[0]))
			if err != nil {
				return true // of a type
			}
			field := def.Fields[number]
			if strings.HasPrefix(field.Name, "__") {
				return true
			}
			fields++
			check := "!o.May(" + strconv.Itoa(int(table.Field(object, field.Name))) + ")"
			got := text(c.Body[0])
			if got != "if "+check+" { w.Deny(f) continue }" && got != "if "+check+" || !w.Decided(f) { w.Deny(f) continue }" {
				t.Errorf("%s.%s begins with %s, want %s", object, field.Name, got, check)
			}
			return false
		})
	}
	if fields < 500 {
		t.Errorf("%d fields were read", fields)
	}
}

// TestWriterMutants takes checks out of generated writers, one at a time: the engine's own test must fail then. The test is built
// once, with each check asked unless MUTANT names it.
func TestWriterMutants(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	const file = "internal/engine/enginetest/shapes/writers.go"
	src := read(t, filepath.Join(root, file))
	change := func(at, from, to string) {
		i := strings.Index(src, at)
		j := strings.Index(src[max(i, 0):], from)
		if i < 0 || j < 0 {
			t.Fatalf("the writers have no %q after %q", from, at)
		}
		src = src[:i+j] + to + src[i+j+len(from):]
	}
	change("import (", "import (", "import (\n\"os\"\n")
	change("// denied\n", "!o.May(4)", `os.Getenv("MUTANT") != "denied" && !o.May(4)`)
	change("// mustDenied\n", "!o.May(4)", `!(o.May(4) || os.Getenv("MUTANT") == "mustDenied" && o.May(1))`)
	change("// argued\n", "!w.Decided(f)", `os.Getenv("MUTANT") != "argued" && !w.Decided(f)`)
	change("// masked\n", `w.Mask("LAST4", *v)`, `map[bool]string{true: *v, false: w.Mask("LAST4", *v)}[os.Getenv("MUTANT") == "masked"]`)

	dir := t.TempDir()
	mutants, overlay, program := filepath.Join(dir, "writers.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "engine.test")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, file): mutants}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{mutants: src, overlay: string(replace)} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "test", "-c", "-overlay", overlay, "-o", program, "./internal/engine")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, row := range []struct{ name, mutant, fails string }{
		{"none", "", ""},
		{"a field's check", "denied", "TestWriters/denied"},
		{"another field's check", "mustDenied", "TestWriters/denied_where_it_must_not_be_null"},
		{"an argument's", "argued", ""}, // who calls the resolver asks again
		{"a mask", "masked", "TestWriters/permitted"},
	} {
		t.Run(row.name, func(t *testing.T) {
			run := exec.Command(program, "-test.run", "^TestWriters$")
			run.Dir, run.Env = filepath.Join(root, "internal/engine"), append(os.Environ(), "MUTANT="+row.mutant)
			out, err := run.CombinedOutput()
			if failed := err != nil; failed != (row.fails != "") || !strings.Contains(string(out), row.fails) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
