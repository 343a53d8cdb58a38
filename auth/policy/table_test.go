package policy

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// compileGood compiles testdata/good.graphqls, which must have no fault.
func compileGood(t *testing.T, m *Matrix) *Table {
	t.Helper()
	table, faults := Compile(load(t, source(t, "testdata/common.graphqls"), source(t, "testdata/good.graphqls")), m)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return table
}

// TestTableGolden compares all that the table says of the good schema, check by check.
func TestTableGolden(t *testing.T) {
	table := compileGood(t, testMatrix(t))
	var text strings.Builder
	for i := range table.Checks() {
		fmt.Fprintf(&text, "check %d: %s\n", i, conjunction(table.Rules(Check(i))))
	}
	for _, c := range table.Coordinates() {
		name := c.Type
		if c.Field != "" {
			name += "." + c.Field
		}
		if c.Input {
			name = "input " + name
		}
		fmt.Fprintf(&text, "%s: %d %s %s\n", name, c.Check, conjunction(c.Rules), c.Mask)
		for _, arg := range c.Arguments {
			fmt.Fprintf(&text, "  (%s:): %d %s\n", arg.Name, arg.Check, conjunction(arg.Rules))
		}
	}
	got := strings.ReplaceAll(text.String(), " \n", "\n")
	const golden = "testdata/good.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("table:\n%s\nwant:\n%s", got, want)
	}
}

// TestCoordinatesAgree holds that the list and the look-ups say the same.
func TestCoordinatesAgree(t *testing.T) {
	table := compileGood(t, testMatrix(t))
	for _, c := range table.Coordinates() {
		var check Check
		switch {
		case c.Input:
			check = table.Input(c.Type, c.Field)
		case c.Field == "":
			check = table.Object(c.Type)
		default:
			check = table.Field(c.Type, c.Field)
			if mask, masked := table.Mask(c.Type, c.Field); mask != c.Mask || masked != (c.Mask != "") {
				t.Errorf("mask of %s.%s: %q, %v; listed as %q", c.Type, c.Field, mask, masked, c.Mask)
			}
		}
		if check != c.Check {
			t.Errorf("%s.%s has the check %d, listed as %d", c.Type, c.Field, check, c.Check)
		}
		for _, arg := range c.Arguments {
			if got := table.Argument(c.Type, c.Field, arg.Name); got != arg.Check {
				t.Errorf("%s.%s(%s:) has the check %d, listed as %d", c.Type, c.Field, arg.Name, got, arg.Check)
			}
		}
	}
}

func TestUnknownCoordinatesDeny(t *testing.T) {
	table := compileGood(t, testMatrix(t))
	tests := []struct {
		name  string
		check Check
	}{
		{"field of an unknown type", table.Field("Nobody", "name")},
		{"unknown field", table.Field("Account", "nothing")},
		{"field of an interface", table.Field("Node", "id")},
		{"__typename", table.Field("Query", "__typename")},
		{"unknown object", table.Object("Nobody")},
		{"interface", table.Object("Node")},
		{"argument of an unknown field", table.Argument("Account", "nothing", "first")},
		{"unknown argument", table.Argument("Account", "calls", "nothing")},
		{"field of an unknown input", table.Input("Nobody", "name")},
		{"unknown field of an input", table.Input("CallFilter", "nothing")},
		{"object as an input", table.Input("Account", "name")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.check != 0 {
				t.Errorf("check %d, want 0", test.check)
			}
		})
	}
	if mask, masked := table.Mask("Nobody", "name"); mask != "" || masked {
		t.Errorf("an unknown field has the mask %q", mask)
	}
}

func TestIntrospectionIsPublic(t *testing.T) {
	table := compileGood(t, testMatrix(t))
	for name, check := range map[string]Check{
		"Query.__schema": table.Field("Query", "__schema"),
		"Query.__type":   table.Field("Query", "__type"),
		"__Schema":       table.Object("__Schema"),
		"__Schema.types": table.Field("__Schema", "types"),
		"__Type.name":    table.Field("__Type", "name"),
	} {
		if check != CheckPublic {
			t.Errorf("%s has the check %d, want %d", name, check, CheckPublic)
		}
	}
	if check := table.Argument("__Type", "fields", "includeDeprecated"); check != CheckPublic {
		t.Errorf("an argument of introspection has the check %d, want %d", check, CheckPublic)
	}
}

// grants returns what roles pass; none are a guest's.
func grants(t *testing.T, table *Table, m *Matrix, roles ...Role) Grants {
	t.Helper()
	if len(roles) == 0 {
		return table.Grants(Set{})
	}
	s, err := m.Set(roles...)
	if err != nil {
		t.Fatal(err)
	}
	return table.Grants(s)
}

// TestGrants decides single places for single roles: who sees what of the good schema, by the test's own matrix.
func TestGrants(t *testing.T) {
	m := testMatrix(t)
	table := compileGood(t, m)
	guest, owner := grants(t, table, m), grants(t, table, m, Owner)
	developer, billing := grants(t, table, m, Developer), grants(t, table, m, BillingManager)
	support, both := grants(t, table, m, Support), grants(t, table, m, Developer, BillingManager)
	tests := []struct {
		name  string
		check Check
		// yes and no are who passes and who does not.
		yes, no []Grants
	}{
		{"public field", table.Field("Query", "hello"), []Grants{guest, owner, support}, []Grants{{}}},
		{"root object", table.Object("Query"), []Grants{guest, owner}, []Grants{{}}},
		{"signed-in field", table.Field("Query", "account"), []Grants{owner, developer, support}, []Grants{guest}},
		{"default of the object", table.Field("Account", "name"), []Grants{owner, support}, []Grants{guest}},
		{"guarded field", table.Field("Account", "balance"), []Grants{owner, billing, both},
			[]Grants{guest, developer, support}},
		{"guarded object", table.Object("Number"), []Grants{owner, developer, support}, []Grants{guest, billing}},
		{"field whose object needs more", table.Field("Account", "invoices"), []Grants{owner, billing, both},
			[]Grants{guest, developer, support}},
		{"field that needs a writer", table.Field("Mutation", "updateNumber"), []Grants{owner, developer},
			[]Grants{guest, billing, support}},
		{"unguarded argument", table.Argument("Account", "calls", "first"), []Grants{guest, owner}, []Grants{{}}},
		{"filter by a masked field", table.Argument("Account", "calls", "to"), []Grants{owner},
			[]Grants{guest, developer, support}},
		{"filter with a rule of its own", table.Argument("Account", "numbers", "price"), []Grants{owner, both},
			[]Grants{guest, developer, billing, support}},
		{"filter by a field that needs more than its object", table.Input("CallFilter", "price"),
			[]Grants{owner, billing}, []Grants{guest, developer}},
		{"guarded input", table.Input("UpdateNumberInput", "plan"), []Grants{owner, billing},
			[]Grants{guest, developer}},
		{"unmasked", table.Unmasked(), []Grants{owner}, []Grants{guest, developer, billing, support}},
		{"deny", 0, nil, []Grants{guest, owner, both, {}}},
		{"unknown check", Check(table.Checks()), nil, []Grants{guest, owner, both, {}}},
		{"largest check", 1<<16 - 1, nil, []Grants{guest, owner, both, {}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for i, g := range test.yes {
				if !g.Allows(test.check) {
					t.Errorf("caller %d is denied %v", i, table.Rules(test.check))
				}
			}
			for i, g := range test.no {
				if g.Allows(test.check) {
					t.Errorf("caller %d passes %v", i, table.Rules(test.check))
				}
			}
		})
	}
	if guest.SignedIn() || !owner.SignedIn() || (Grants{}).SignedIn() {
		t.Error("guest and owner are mistaken for each other")
	}
}

// TestGrantsAgreeWithTheMatrix decides every check for every role, rule by rule, with the matrix instead of the bitmap.
func TestGrantsAgreeWithTheMatrix(t *testing.T) {
	m := testMatrix(t)
	table := compileGood(t, m)
	for _, role := range Roles() {
		s, err := m.Set(role)
		if err != nil {
			t.Fatal(err)
		}
		g := table.Grants(s)
		for i := range table.Checks() {
			want := i > 0
			for _, r := range table.Rules(Check(i)) {
				want = want && (r.Kind != HasPermission || m.Grants(r.Permission, r.Action, s))
			}
			if got := g.Allows(Check(i)); got != want {
				t.Errorf("%s passes %v: %v", role, table.Rules(Check(i)), got)
			}
		}
	}
}

func TestPermissionWithoutARowIsNeverHeld(t *testing.T) {
	m := testMatrix(t, "BILLING")
	schema := load(t, source(t, "testdata/common.graphqls"), source(t, "testdata/good.graphqls"))
	table, faults := Compile(schema, m)
	if len(faults) == 0 {
		t.Error("no fault for a permission without a row")
	}
	if grants(t, table, m, Owner).Allows(table.Field("Account", "balance")) {
		t.Error("the owner holds a permission that the matrix lacks")
	}
}

func TestWhy(t *testing.T) {
	m := testMatrix(t)
	table := compileGood(t, m)
	invoices, price := table.Field("Account", "invoices"), table.Argument("Account", "numbers", "price")
	tests := []struct {
		name  string
		check Check
		roles []Role
		want  string
	}{
		{"guest at a sign-in", CheckSignedIn, nil, "signed in"},
		{"guest at a permission", table.Field("Account", "balance"), nil, "BILLING READ"},
		{"the object's rule fails", invoices, []Role{Support}, "BILLING READ"},
		{"the second of two fails", table.Argument("Account", "calls", "to"), []Role{Support}, "PERSONAL_DATA READ"},
		{"the first of two fails", price, []Role{Support}, "BILLING READ"},
		{"nothing fails", price, []Role{Owner}, "deny"},
		{"deny", 0, []Role{Owner}, "deny"},
		{"unknown check", 1<<16 - 1, []Role{Owner}, "deny"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := table.Why(test.check, grants(t, table, m, test.roles...)); got.String() != test.want {
				t.Errorf("because of %s, want %s", got, test.want)
			}
		})
	}
	if table.Why(CheckPublic, Grants{}) != (Rule{Kind: Public}) {
		t.Error("zero grants pass the public rule")
	}
	if rules := table.Rules(1<<16 - 1); rules != nil {
		t.Errorf("an unknown check has the rules %v", rules)
	}
}

// TestNumbersIgnoreTheMatrix holds that checks may stand in generated code: another matrix numbers them alike.
func TestNumbersIgnoreTheMatrix(t *testing.T) {
	table := compileGood(t, testMatrix(t))
	schema := load(t, source(t, "testdata/common.graphqls"), source(t, "testdata/good.graphqls"))
	other, faults := Compile(schema, Published())
	if len(faults) == 0 {
		t.Fatal("the other matrix fits the schema")
	}
	if other.Fingerprint() != table.Fingerprint() {
		t.Error("the fingerprint depends on the matrix")
	}
	if other.Checks() != table.Checks() {
		t.Fatalf("%d checks, and %d with another matrix", table.Checks(), other.Checks())
	}
	for i := range table.Checks() {
		if a, b := table.Rules(Check(i)), other.Rules(Check(i)); !slices.Equal(a, b) {
			t.Errorf("check %d is %v, and %v with another matrix", i, a, b)
		}
	}
}

func TestFingerprint(t *testing.T) {
	m := testMatrix(t)
	common, good := source(t, "testdata/common.graphqls"), source(t, "testdata/good.graphqls")
	fingerprint := compileGood(t, m).Fingerprint()
	if len(fingerprint) != 16 || strings.Trim(fingerprint, "0123456789abcdef") != "" {
		t.Errorf("fingerprint %q, want 16 hex digits", fingerprint)
	}
	tests := []struct {
		name, old, new string
		same           bool
	}{
		{"comment", "# unused:", "# nothing", true},
		{"default written out", "(permission: LOGS)\n}", "(action: READ, permission: LOGS)\n}", true},
		{"field's rule", "balance: String @hasPermission(permission: BILLING)",
			"balance: String @hasPermission(permission: LOGS)", false},
		{"action", "permission: BILLING, action: UPDATE", "permission: BILLING, action: DELETE", false},
		{"object's rule", "type Account @signedIn", "type Account @public", false},
		{"mask", "@personalData(mask: EMAIL)", "@personalData(mask: ALL)", false},
		{"no mask", "@personalData(mask: EMAIL)", "", false},
		{"filter by a field with the same rule", "Call.to", "Call.id", false},
		{"rule that changes nothing", "motto: String! @signedIn", "motto: String!", false},
		{"field more", "name: String!\n", "name: String!\n  names: String\n", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(good.Input, test.old) {
				t.Fatalf("no %q in the schema", test.old)
			}
			changed := &ast.Source{Name: good.Name, Input: strings.Replace(good.Input, test.old, test.new, 1)}
			table, _ := Compile(load(t, common, changed), m)
			if got := table.Fingerprint(); (got == fingerprint) != test.same {
				t.Errorf("fingerprint %s beside %s, want the same: %v", got, fingerprint, test.same)
			}
		})
	}
}

// TestGrantsConcurrently lets the race detector see many callers at one table.
func TestGrantsConcurrently(t *testing.T) {
	m := testMatrix(t)
	table := compileGood(t, m)
	want := grants(t, table, m, Owner)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			s, err := m.Set(Owner)
			if err != nil || table.Grants(s) != want {
				t.Errorf("another answer at the same time: %v", err)
			}
		})
	}
	wait.Wait()
}

func TestNothingMasked(t *testing.T) {
	table, _ := Compile(load(t, source(t, "testdata/common.graphqls"), source(t, "testdata/faulty/no_rule.graphqls")),
		testMatrix(t))
	if c := table.Unmasked(); c != 0 {
		t.Errorf("a schema without masks has the check %d for them", c)
	}
}

func TestConjoin(t *testing.T) {
	public, signedIn := Rule{Kind: Public}, Rule{Kind: SignedIn}
	logs, billing := Rule{HasPermission, "LOGS", Read}, Rule{HasPermission, "BILLING", Read}
	tests := []struct {
		name  string
		rules []Rule
		want  string
	}{
		{"nothing denies", nil, "deny"},
		{"deny wins", []Rule{public, logs, {}}, "deny"},
		{"public alone", []Rule{public, public}, "public"},
		{"public beside a sign-in", []Rule{public, signedIn}, "signed in"},
		{"sign-in beside a permission", []Rule{logs, signedIn}, "LOGS READ"},
		{"the same twice", []Rule{logs, logs}, "LOGS READ"},
		{"sorted", []Rule{logs, billing}, "BILLING READ & LOGS READ"},
		{"the same permission, two actions", []Rule{logs, {HasPermission, "LOGS", Create}}, "LOGS CREATE & LOGS READ"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := conjoin(test.rules...).String(); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// TestGrantsRemembered: what is remembered of a set is what is worked out for it, with more sets than there is room for, at once.
func TestGrantsRemembered(t *testing.T) {
	table := compileGood(t, testMatrix(t))
	var wait sync.WaitGroup
	for n := range 4 {
		wait.Go(func() {
			random, different := rand.New(rand.NewPCG(uint64(n%2), 0)), map[Grants]bool{}
			var sets []Set
			for range 4 * knownSets {
				s := Set{signedIn: random.IntN(4) > 0}
				for i := range s.held {
					s.held[i] = uint8(random.Uint32()) & everyAction
				}
				sets = append(sets, s)
			}
			for range 2 {
				for _, s := range append(sets, Set{}) {
					got, want := table.Grants(s), table.grants(s)
					if got != want {
						t.Errorf("%v: %v, want %v", s, got, want)
						return
					}
					different[got] = true
				}
			}
			if len(different) < 10 {
				t.Errorf("only %d sets make a difference", len(different))
			}
		})
	}
	wait.Wait()
}

// BenchmarkGrants measures what passes for a caller, who was not known before or is.
func BenchmarkGrants(b *testing.B) {
	schema := &ast.Schema{Types: map[string]*ast.Definition{}}
	table, _ := Compile(schema, Published())
	for range 100 {
		table.needs = append(table.needs, []need{{0, 1}})
		table.checks = append(table.checks, conjunction{{Kind: SignedIn}})
	}
	s, err := Published().Set(Owner)
	if err != nil {
		b.Fatal(err)
	}
	for name, grants := range map[string]func(Set) Grants{"anew": table.grants, "known": table.Grants} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				grants(s)
			}
		})
	}
}
