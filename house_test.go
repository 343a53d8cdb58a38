package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// module is the path under which the packages of this repository stand.
const module = "github.com/fieldgate/fieldgate/"

// arrows says which packages of ours each package may import. What is not listed
// here may not be imported: a new arrow is a decision, and is written down here.
var arrows = map[string][]string{
	"":                           {"internal/cmd"},
	"bench":                      {}, // for benchmarks alone
	"bench/peer":                 {"auth", "auth/policy", "auth/session", "auth/token", "bench/peer/graph", "bench/peer/graph/model", "internal/engine", "internal/issuer", "internal/keyfile", "internal/memory", "internal/problem"},
	"bench/peer/graph":           {"auth/policy", "bench/peer/graph/model", "internal/engine"},
	"bench/peer/graph/model":     {},
	"auth":                       {"auth/policy", "auth/session", "auth/token", "internal/problem"},
	"auth/jws":                   {"internal/strictjson"},
	"auth/policy":                {},
	"auth/session":               {},
	"auth/token":                 {"auth/jws", "internal/keyfile", "internal/strictjson"},
	"graph":                      {"auth/policy", "graph/model", "internal/engine", "internal/scalar"},
	"graph/model":                {"internal/scalar"},
	"internal/apq":               {"internal/manifest"},
	"internal/audit":             {"auth/policy", "internal/keyfile", "internal/problem"},
	"internal/check":             {"internal/problem", "internal/relay"},
	"internal/cmd":               {"*"},
	"internal/engine":            {"auth/policy", "internal/manifest", "internal/problem", "internal/strictjson"},
	"internal/engine/gen":        {"auth/policy"},
	"internal/engine/gen/guard":  {"auth/policy", "internal/engine/gen"},
	"internal/events":            {"graph/model", "internal/problem", "internal/upstream"},
	"internal/identity":          {"auth/policy", "graph/model", "internal/audit", "internal/check", "internal/problem", "internal/upstream"},
	"internal/keyfile":           {},
	"internal/manifest":          {"internal/strictjson"},
	"internal/issuer":            {"auth", "auth/jws", "auth/policy", "internal/identity", "internal/problem", "internal/strictjson"},
	"internal/issuer/issuertest": {}, // a provider for tests alone
	"internal/memory":            {},
	"internal/metrics":           {"auth", "auth/policy", "internal/engine", "internal/problem"},
	"internal/oauth":             {"auth", "internal/identity", "internal/problem"},
	"internal/problem":           {},
	"internal/quota":             {"internal/problem"},
	"internal/relay":             {},
	"internal/scalar":            {},
	"internal/signin":            {"auth", "internal/issuer", "internal/problem"},
	"internal/store":             {"auth/policy", "graph/model", "internal/audit", "internal/check", "internal/identity", "internal/problem", "internal/relay", "internal/scalar", "internal/upstream"},
	"internal/store/demo":        {"auth/policy", "graph/model", "internal/audit", "internal/store", "internal/upstream"},
	"internal/store/storetest":   {"*"},
	"internal/strictjson":        {},
	"internal/tracing":           {"auth", "internal/engine", "internal/problem"},
	"internal/upstream":          {"auth/policy", "graph/model", "internal/audit", "internal/problem", "internal/scalar"},
	"resolvers":                  {"auth", "auth/policy", "graph", "graph/model", "internal/audit", "internal/check", "internal/engine", "internal/identity", "internal/problem", "internal/quota", "internal/relay", "internal/scalar", "internal/upstream"},
	"web":                        {},
	"internal/engine/enginetest": {"*"}, // a schema for tests alone
}

// homes says which package alone may import certain modules of others: what is watched does not
// know by whom.
var homes = map[string][]string{
	"github.com/prometheus/": {"internal/metrics"},
	"go.opentelemetry.io/":   {"internal/tracing", "internal/cmd"}, // cmd for the library's one global, where it reports errors
	"github.com/XSAM/":       {"internal/tracing"},
	"github.com/MicahParks/": {"internal/issuer"},
	"github.com/coreos/":     {"internal/issuer"},
}

// TestArrows holds the imports of the house to the arrows that its design draws.
func TestArrows(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			t.Log(string(failed.Stderr))
		}
		t.Fatalf("go list: %v", err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath+"/", module)
		name = strings.TrimSuffix(name, "/")
		allowed, known := lookup(name)
		if !known {
			t.Errorf("%s: the package has no line in arrows", name)
			continue
		}
		for _, imported := range p.Imports {
			ours, is := strings.CutPrefix(imported, module)
			if is && !permits(allowed, ours) {
				t.Errorf("%s imports %s, an arrow that the design does not draw", name, ours)
			}
			for prefix, home := range homes {
				if strings.HasPrefix(imported, prefix) && !slices.Contains(home, name) {
					t.Errorf("%s imports %s, which is for %s alone", name, imported, strings.Join(home, " and "))
				}
			}
		}
	}
}

// lookup finds a package's line, or that of the folder it stands in.
func lookup(name string) ([]string, bool) {
	for at := name; ; at = path.Dir(at) {
		if allowed, ok := arrows[at]; ok {
			if at == name || len(allowed) == 1 && allowed[0] == "*" {
				return allowed, true
			}
		}
		if at == "." || at == "" {
			return nil, false
		}
	}
}

func permits(allowed []string, name string) bool {
	for _, a := range allowed {
		if a == "*" || a == name {
			return true
		}
	}
	return false
}

// TestDescriptions: whoever reads the schema is told what each type, field, argument and
// value is.
func TestDescriptions(t *testing.T) {
	files, err := filepath.Glob("schema/*.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	var sources []*ast.Source
	for _, name := range append(files, "schema.graphqls") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: name, Input: string(text)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	described := func(coordinate, description string) {
		if strings.TrimSpace(description) == "" {
			t.Errorf("%s has no description", coordinate)
		}
	}
	for _, def := range schema.Types {
		if def.BuiltIn {
			continue
		}
		described(def.Name, def.Description)
		for _, v := range def.EnumValues {
			described(def.Name+"."+v.Name, v.Description)
		}
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			described(def.Name+"."+f.Name, f.Description)
			for _, a := range f.Arguments {
				described(def.Name+"."+f.Name+"("+a.Name+":)", a.Description)
			}
		}
	}
	for _, d := range schema.Directives {
		if d.Position.Src.BuiltIn {
			continue
		}
		described("@"+d.Name, d.Description)
		for _, a := range d.Arguments {
			described("@"+d.Name+"("+a.Name+":)", a.Description)
		}
	}
}
