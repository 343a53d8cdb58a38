package policy

import (
	"fmt"
	"hash/maphash"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// compiler turns a schema into a table. Coordinates with a fault are remembered, so that they deny in the end.
type compiler struct {
	schema *ast.Schema
	matrix *Matrix
	table  *Table
	// used are the permissions that some directive asks for.
	used   map[Permission]bool
	faults Faults
	faulty map[string]bool
}

// Compile reads the rules written in a validated schema and checks them against the matrix. The table is always
// usable: what is at fault in it denies. Callers nevertheless refuse to go on when there is any fault.
func Compile(schema *ast.Schema, m *Matrix) (*Table, Faults) {
	c := &compiler{
		schema: schema,
		matrix: m,
		table:  &Table{objects: map[string]*object{}, inputs: map[string]map[string]*guard{}, seed: maphash.MakeSeed()},
		used:   map[Permission]bool{},
		faulty: map[string]bool{},
	}
	c.objectRules()
	c.fieldRules()
	c.fieldChecks()
	c.inputChecks()
	c.lintEnums()
	c.lintAbstract()
	c.lintReturns()
	c.lintNulls()
	c.lintSemanticNonNull()
	c.lintFilters()
	c.number()
	return c.table, c.faults.sorted()
}

// fault records something wrong. Its coordinate will deny.
func (c *compiler) fault(at *ast.Position, coordinate, format string, args ...any) {
	c.faults = append(c.faults, newFault(at, coordinate, fmt.Sprintf(format, args...)))
	c.faulty[coordinate] = true
}

// definitions lists the schema's types of these kinds by name.
func (c *compiler) definitions(kinds ...ast.DefinitionKind) []*ast.Definition {
	var all []*ast.Definition
	for _, name := range slices.Sorted(maps.Keys(c.schema.Types)) {
		if def := c.schema.Types[name]; slices.Contains(kinds, def.Kind) {
			all = append(all, def)
		}
	}
	return all
}

// root tells whether the type is that of an operation.
func (c *compiler) root(def *ast.Definition) bool {
	return def == c.schema.Query || def == c.schema.Mutation || def == c.schema.Subscription
}

// objectRules finds each object's rule: who may know that it is there.
func (c *compiler) objectRules() {
	for _, def := range c.definitions(ast.Object) {
		o := &object{fields: map[string]*field{}}
		o.directives = render(def.Directives)
		o.rule, o.written = c.objectRule(def)
		o.rules = conjoin(o.rule)
		c.table.objects[def.Name] = o
	}
}

// objectRule returns the rule of an object, and whether a directive says so.
func (c *compiler) objectRule(def *ast.Definition) (rule Rule, written bool) {
	var own []*ast.Directive
	extended := false
	for _, d := range ruleDirectives(def.Directives) {
		if fromExtension(def, d) {
			extended = true
			c.fault(d.Position, def.Name, "@%s on an extension would merge into the whole type: write it on each field",
				d.Name)
			continue
		}
		own = append(own, d)
	}
	switch {
	case extended:
		return Rule{}, true
	case len(own) > 0:
		return c.oneRule(def.Position, def.Name, own), true
	case introspective(def.Name):
		return Rule{Kind: Public}, true // introspection shows what Visible leaves
	case c.root(def):
		return Rule{Kind: Public}, false
	default:
		c.fault(def.Position, def.Name, "type %s has no rule: every object type says who may know that it is there",
			def.Name)
		return Rule{}, false
	}
}

// fieldRules finds each field's own rule and mask.
func (c *compiler) fieldRules() {
	for _, def := range c.definitions(ast.Object) {
		o := c.table.objects[def.Name]
		for _, f := range def.Fields {
			compiled := &field{arguments: map[string]*guard{}}
			compiled.directives = render(f.Directives)
			compiled.rule = c.fieldRule(def, o, f)
			compiled.mask = c.mask(def, f)
			o.fields[f.Name] = compiled
		}
	}
}

// fieldRule returns the rule in force on a field: its own directive's, else its object's.
func (c *compiler) fieldRule(def *ast.Definition, o *object, f *ast.FieldDefinition) Rule {
	coordinate := def.Name + "." + f.Name
	own := ruleDirectives(f.Directives)
	switch {
	case len(own) > 0:
		rule := c.oneRule(f.Position, coordinate, own)
		if o.written && rule.Kind != Deny && rule.weaker(o.rule) {
			c.fault(f.Position, coordinate, "@%s would loosen the rule of %s, which is: %s", own[0].Name, def.Name, o.rule)
			return Rule{}
		}
		return rule
	case introspective(f.Name):
		return Rule{Kind: Public}
	case o.written:
		return o.rule
	default:
		c.fault(f.Position, coordinate, "no rule")
		return Rule{}
	}
}

// mask returns the mask of a field marked @personalData, and "" for any other.
func (c *compiler) mask(def *ast.Definition, f *ast.FieldDefinition) Mask {
	d := f.Directives.ForName(directivePersonalData)
	if d == nil {
		return ""
	}
	coordinate := def.Name + "." + f.Name
	c.used[PersonalData] = true
	if f.Type.NamedType != "String" {
		c.fault(f.Position, coordinate, "@personalData is for text: the type must be String or String!, not %s", f.Type)
	}
	if !c.has(enumPermission, string(PersonalData)) {
		c.fault(f.Position, coordinate, "@personalData needs %s in enum Permission", PersonalData)
	}
	if _, known := c.matrix.index[PersonalData]; !known {
		c.fault(f.Position, coordinate, "@personalData needs a row %s in the matrix", PersonalData)
	}
	name := argument(d, "mask")
	mask, known := ParseMask(name)
	if !known || !c.has(enumMask, name) {
		c.fault(f.Position, coordinate, "unknown mask %s", name)
		return MaskAll
	}
	return mask
}

// fieldChecks adds to each field's own rule that of the object it returns, so that no resolver runs for an object
// that the caller may not see, and finds what guards its arguments.
func (c *compiler) fieldChecks() {
	for _, def := range c.definitions(ast.Object) {
		for _, f := range def.Fields {
			compiled := c.table.objects[def.Name].fields[f.Name]
			rules := []Rule{compiled.rule}
			if returned := c.table.objects[f.Type.Name()]; returned != nil {
				rules = append(rules, returned.rule)
			}
			compiled.rules = conjoin(rules...)
			for _, arg := range f.Arguments {
				coordinate := argumentCoordinate(def.Name, f.Name, arg.Name)
				compiled.arguments[arg.Name] = c.inputGuard(arg.Position, coordinate, arg.Directives)
			}
		}
	}
}

// inputChecks finds what guards each field of each input type.
func (c *compiler) inputChecks() {
	for _, def := range c.definitions(ast.InputObject) {
		fields := map[string]*guard{}
		for _, f := range def.Fields {
			fields[f.Name] = c.inputGuard(f.Position, def.Name+"."+f.Name, f.Directives)
		}
		c.table.inputs[def.Name] = fields
	}
}

// inputGuard returns what guards an argument or a field of an input: its own rule, and all that guards the field that
// it filters by. To filter by a masked field is to read it unmasked, by asking often enough.
func (c *compiler) inputGuard(at *ast.Position, coordinate string, list ast.DirectiveList) *guard {
	rules := []Rule{{Kind: Public}}
	if own := ruleDirectives(list); len(own) > 0 {
		rules = append(rules, c.oneRule(at, coordinate, own))
	}
	if d := list.ForName(directiveFilters); d != nil {
		name := argument(d, "field")
		typeName, fieldName, _ := strings.Cut(name, ".")
		target := c.table.field(typeName, fieldName)
		if target == nil {
			c.fault(at, coordinate, "@filters names %q, which is no Type.field of an object type", name)
			rules = append(rules, Rule{})
		} else {
			rules = append(rules, target.rule, c.table.objects[typeName].rule)
			if target.mask != "" {
				rules = append(rules, unmasked())
			}
		}
	}
	return &guard{rules: conjoin(rules...), directives: render(list)}
}

// unmasked is the rule that shows personal data as it is.
func unmasked() Rule {
	return Rule{HasPermission, PersonalData, Read}
}

// number gives every conjunction its number and every coordinate its check. Numbers follow from all rules written,
// those of coordinates at fault included, so that they depend on the schema alone.
func (c *compiler) number() {
	t := c.table
	distinct := map[string]conjunction{}
	intern := func(rules conjunction) {
		distinct[rules.String()] = rules
		// Each rule also has a check of its own, from which Why tells which rule failed.
		for _, r := range rules {
			distinct[r.String()] = conjunction{r}
		}
	}
	masked := false
	lines := []string{}
	t.eachGuard(func(coordinate string, g *guard) {
		intern(g.rules)
		lines = append(lines, coordinate+": "+g.rules.String()+" "+g.directives+"\n")
	})
	for _, o := range t.objects {
		for _, f := range o.fields {
			masked = masked || f.mask != ""
		}
	}
	if masked {
		intern(conjunction{unmasked()})
	}
	slices.Sort(lines)
	t.fingerprint = shortHash(strings.Join(lines, ""))

	numbers := c.numberAll(distinct)
	if masked {
		t.unmasked = numbers[unmasked().String()]
	}
	t.eachGuard(func(coordinate string, g *guard) {
		if !c.faulty[coordinate] {
			g.check = numbers[g.rules.String()]
		}
	})
}

// numberAll fills the table's checks and returns their numbers by name. Whatever has no number denies.
func (c *compiler) numberAll(distinct map[string]conjunction) map[string]Check {
	t := c.table
	public, signedIn := Rule{Kind: Public}, Rule{Kind: SignedIn}
	t.checks = []conjunction{nil, {public}, {signedIn}}
	t.single = map[Rule]Check{public: CheckPublic, signedIn: CheckSignedIn}
	numbers := map[string]Check{public.String(): CheckPublic, signedIn.String(): CheckSignedIn}
	delete(distinct, conjunction(nil).String())
	delete(distinct, public.String())
	delete(distinct, signedIn.String())
	for _, name := range slices.Sorted(maps.Keys(distinct)) {
		if len(t.checks) > math.MaxUint16 {
			c.fault(nil, name, "more than %d distinct rules", math.MaxUint16)
			continue
		}
		rules := distinct[name]
		numbers[name] = Check(len(t.checks))
		if len(rules) == 1 {
			t.single[rules[0]] = numbers[name]
		}
		t.checks = append(t.checks, rules)
	}
	t.needs = make([][]need, len(t.checks))
	for i, rules := range t.checks[firstCheck:] {
		for _, r := range rules {
			n := need{}
			if row, known := c.matrix.index[r.Permission]; known {
				n = need{row, r.Action.bit()}
			}
			t.needs[int(firstCheck)+i] = append(t.needs[int(firstCheck)+i], n)
		}
	}
	return numbers
}
