package cmd

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// worked is an example of docs/permissions: an operation, and how it is answered to a role that may and to one that may not.
type worked struct {
	operation string
	variables vars
	answers   []workedAnswer
}

type workedAnswer struct {
	caller  string // as columns has them
	without bool   // whether the row is taken from the role first
	may     bool
	answer  any
}

// whoMay is the line before an answer.
var whoMay = regexp.MustCompile(`^\*\*(?:An? |The )?(Owner|Administrator|Developer|Billing Manager|Support)(, without this row,)?\*\* may( not)?:$`)

// readWorked reads a page: its title, and the examples in its fenced blocks.
func readWorked(t *testing.T, path string) (title string, all []worked) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var who workedAnswer
	var language, block string
	inside := false
	for i, line := range strings.Split(string(text), "\n") {
		at := fmt.Sprintf("%s:%d", filepath.Base(path), i+1)
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && !inside:
			language, block, inside = fence, "", true
		case !isFence && inside:
			block += line + "\n"
		case !inside && strings.HasPrefix(line, "# "):
			title = line[2:]
		case !inside && whoMay.MatchString(line):
			found := whoMay.FindStringSubmatch(line)
			who = workedAnswer{caller: callerOf(t, found[1]), without: found[2] != "", may: found[3] == ""}
		case isFence && language == "graphql":
			all, who, inside = append(all, worked{operation: block}), workedAnswer{}, false
		case isFence && language == "json" && len(all) > 0:
			last := &all[len(all)-1]
			into := any(&last.variables)
			if inside = false; who.caller != "" {
				into = &who.answer
			}
			if err := json.Unmarshal([]byte(block), into); err != nil {
				t.Fatalf("%s: %v", at, err)
			}
			if who.caller != "" {
				last.answers, who = append(last.answers, who), workedAnswer{}
			}
		case isFence:
			t.Fatalf("%s: a block of %q", at, language)
		}
	}
	return title, all
}

// callerOf is the demo user of a role, by the role's name.
func callerOf(t *testing.T, role string) string {
	t.Helper()
	column := strings.ReplaceAll(strings.ToLower(role), " ", "_")
	return columns[slices.Index(published(t).header, column)-firstRole]
}

// TestWorkedExamples runs the examples of docs/permissions on the demo, from the pages' own text. Each row of the
// matrix has a page, and each page a row; who may and who may not agrees with the matrix.
func TestWorkedExamples(t *testing.T) {
	t.Parallel()
	m := published(t)
	pages, err := filepath.Glob("../../docs/permissions/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		permission := strings.ToUpper(strings.ReplaceAll(strings.TrimSuffix(filepath.Base(page), ".md"), "-", "_"))
		if m.row(permission) == nil {
			t.Errorf("%s is the page of no row", page)
		}
	}
	for _, permission := range m.permissions() {
		page := "../../docs/permissions/" + strings.ToLower(strings.ReplaceAll(permission, "_", "-")) + ".md"
		t.Run(permission, func(t *testing.T) { tryWorked(t, m, permission, page) })
	}
}

func tryWorked(t *testing.T, m *table, permission, page string) {
	title, all := readWorked(t, page)
	if want := m.row(permission)[1]; title != want {
		t.Errorf("the title is %q, and the row's %q", title, want)
	}
	p := startDemo(t, "--demo-events", "0")
	may, mayNot := 0, 0
	for _, example := range all {
		for _, a := range example.answers {
			if a.may {
				may++
			} else {
				mayNot++
			}
			in, holds := p, m.holds(a.caller, permission)
			if a.without {
				if !holds {
					t.Errorf("%s does not hold %s anyway", a.caller, permission)
				}
				in, holds = startDemo(t, "--demo-events", "0", "--matrix", m.with(permission, a.caller, "").file(t)), false
			}
			if holds != a.may {
				t.Errorf("%s may: %v, says the page, and the matrix %v", a.caller, a.may, holds)
			}
			got := in.as(a.caller).do(example.operation, example.variables)
			var answered any
			if err := json.Unmarshal([]byte(got.body), &answered); err != nil {
				t.Fatal(err)
			}
			if err := like(a.answer, answered, ""); err != nil {
				t.Errorf("%s\nas %s: %v\n%s", example.operation, a.caller, err, got.body)
			}
			if denied := strings.Contains(got.body, `"permission":"`+permission+`"`); denied == a.may && permission != "PERSONAL_DATA" {
				t.Errorf("%s\nas %s: denied for want of the row is %v", example.operation, a.caller, denied)
			}
		}
	}
	if may == 0 || mayNot == 0 {
		t.Errorf("the page has %d roles that may and %d that may not", may, mayNot)
	}
}

// like compares what was answered with what a page shows, where … stands for any text.
func like(shown, got any, at string) error {
	switch shown := shown.(type) {
	case string:
		if text, is := got.(string); is && text != "" && shown == "…" {
			return nil
		}
	case []any:
		if list, is := got.([]any); is && len(list) == len(shown) {
			for i := range shown {
				if err := like(shown[i], list[i], fmt.Sprint(at, "/", i)); err != nil {
					return err
				}
			}
			return nil
		}
	case map[string]any:
		if object, is := got.(map[string]any); is && len(object) == len(shown) {
			for name := range shown {
				if err := like(shown[name], object[name], at+"/"+name); err != nil {
					return err
				}
			}
			return nil
		}
	}
	if !reflect.DeepEqual(shown, got) {
		return fmt.Errorf("at %s the page shows %v, and it is %v", at, shown, got)
	}
	return nil
}
