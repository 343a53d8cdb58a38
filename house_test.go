package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"strings"
	"testing"
)

// module is the path under which the packages of this repository stand.
const module = "github.com/fieldgate/fieldgate/"

// arrows says which packages of ours each package may import. What is not listed
// here may not be imported: a new arrow is a decision, and is written down here.
var arrows = map[string][]string{
	"":                           {"internal/cmd"},
	"auth":                       {"auth/policy", "auth/session", "auth/token", "internal/problem"},
	"auth/policy":                {},
	"auth/session":               {},
	"auth/token":                 {"internal/strictjson"},
	"graph":                      {"auth/policy", "graph/model", "internal/engine", "internal/scalar"},
	"graph/model":                {"internal/scalar"},
	"internal/cmd":               {"*"},
	"internal/engine":            {"auth/policy", "internal/problem", "internal/strictjson"},
	"internal/engine/gen":        {"auth/policy"},
	"internal/engine/gen/guard":  {"auth/policy", "internal/engine/gen"},
	"internal/identity":          {"auth/policy", "graph/model", "internal/problem", "internal/upstream"},
	"internal/problem":           {},
	"internal/relay":             {},
	"internal/scalar":            {},
	"internal/store":             {"auth/policy", "graph/model", "internal/identity", "internal/problem", "internal/relay", "internal/scalar", "internal/upstream"},
	"internal/store/demo":        {"*"},
	"internal/store/storetest":   {"*"},
	"internal/strictjson":        {},
	"internal/upstream":          {"auth/policy", "graph/model", "internal/problem", "internal/scalar"},
	"resolvers":                  {"auth", "auth/policy", "graph", "graph/model", "internal/engine", "internal/identity", "internal/problem", "internal/relay", "internal/scalar", "internal/upstream"},
	"internal/engine/enginetest": {"*"}, // a schema for tests alone
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
