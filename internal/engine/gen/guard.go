// Package gen holds the generator steps that follow gqlgen.
//
// gqlgen's own directive calls are not a safe place for a check: a directive of an
// object or an interface is skipped when the object is reached through an interface
// or a union, a field that returns a root type runs none, and arguments are
// unmarshalled before any. Guard makes the check the first statement of every
// generated field function instead.
package gen

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"slices"
	"strings"

	"github.com/fieldgate/fieldgate/auth/policy"
	gql "github.com/vektah/gqlparser/v2/ast"
)

const (
	enginePath      = "github.com/fieldgate/fieldgate/internal/engine"
	plainSchema     = "NewExecutableSchema"
	guardedSchema   = "NewGuardedSchema"
	executionState  = "executionContext"
	newExecution    = "newExecutionContext"
	collectedField  = "graphql.CollectedField"
	generatedNotice = "// Every field function and every object function begins with its check: internal/engine/gen put it there.\n\n"
)

// Guard takes what gqlgen generated for a schema and returns it with
//   - its check as the first statement of each field function and each object function,
//   - the masks of personal data around the values of their fields,
//   - introspection answered by the gate, with what the caller may see,
//   - the constructor renamed to NewGuardedSchema, so that nothing that uses it
//     compiles with what plain gqlgen generates.
//
// It fails unless the fields guarded are exactly the fields of the schema, and the
// objects guarded its objects, and when an object is bound to a Go type that writes itself.
func Guard(src []byte, schema *gql.Schema, table *policy.Table) ([]byte, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "generated.go", src, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("the generated file cannot be parsed: %w", err)
	}
	g := &guard{src: src, set: set, schema: schema, table: table}
	g.targets()
	g.imports(file)
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			g.function(decl)
		case *ast.GenDecl:
			g.state(decl)
		}
	}
	g.introspection(file)
	if err := g.complete(); err != nil {
		return nil, err
	}
	return format.Source(g.apply())
}

// guard is one run of the step over one file.
type guard struct {
	src    []byte
	set    *token.FileSet
	schema *gql.Schema
	table  *policy.Table

	fields  map[string]target // by the name of the field function
	objects map[string]target // by the name of the object function
	edits   []edit
	faults  []string

	fieldCount, objectCount       int // of the schema: what the code is stamped with
	constructor, contexts, states int
}

// target is a coordinate whose function is to be guarded.
type target struct{ object, field string }

// edit replaces the source from one offset to another.
type edit struct {
	from, to int
	text     string
}

// targets lists the functions that gqlgen must have written.
func (g *guard) targets() {
	g.fields, g.objects = map[string]target{}, map[string]target{}
	for _, def := range g.schema.Types {
		if def.Kind != gql.Object {
			continue
		}
		g.objects["_"+def.Name] = target{object: def.Name}
		for _, f := range def.Fields {
			g.fields["_"+def.Name+"_"+f.Name] = target{def.Name, f.Name}
		}
	}
	g.fieldCount, g.objectCount = len(g.fields), len(g.objects)
}

func (g *guard) imports(file *ast.File) {
	g.insert(file.Package, generatedNotice)
	for _, decl := range file.Decls {
		if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.IMPORT && d.Rparen.IsValid() {
			g.insert(d.Rparen, "\t"+fmt.Sprintf("%q", enginePath)+"\n")
			return
		}
	}
	g.fault("the generated code has no import list")
}

// function guards one function, if it is one of those that answer.
func (g *guard) function(f *ast.FuncDecl) {
	switch {
	case f.Name.Name == plainSchema:
		g.rename(f)
		return
	case f.Name.Name == newExecution:
		g.openGate(f)
		return
	case f.Recv == nil || len(f.Recv.List) != 1 || g.text(f.Recv.List[0].Type) != "*"+executionState:
		return
	}
	g.writesItself(f)
	g.noWriters(f)
	name := f.Name.Name
	if g.takes(f, 1, collectedField) && strings.HasPrefix(name, "_") {
		t, known := g.fields[name]
		if !known {
			g.fault("%s answers a field that the schema does not have", name)
			return
		}
		delete(g.fields, name)
		g.guardField(f, t)
		return
	}
	if t, known := g.objects[name]; known && g.takes(f, 1, "ast.SelectionSet") {
		delete(g.objects, name)
		g.first(f, fmt.Sprintf("if !ec.gate.Object(ctx, %q, %d) {\n\t\treturn %s\n\t}", t.object, g.table.Object(t.object), denied(f, g)))
	}
}

// guardField puts the field's check first, and its mask around its value.
func (g *guard) guardField(f *ast.FuncDecl, t target) {
	method := "Field"
	if guardsInput(g.schema, g.table, t.object, g.schema.Types[t.object].Fields.ForName(t.field)) {
		method = "FieldAndInput"
	}
	g.first(f, fmt.Sprintf("if !ec.gate.%s(ctx, field, %q, %d) {\n\t\treturn %s\n\t}",
		method, t.object, g.table.Field(t.object, t.field), denied(f, g)))
	if mask, ok := g.table.Mask(t.object, t.field); ok {
		g.mask(f, t, mask)
	}
}

// mask hides the value before the function that marshals it sees it: the literal
// with the parameters ctx, selections and v.
func (g *guard) mask(f *ast.FuncDecl, t target, m policy.Mask) {
	masked := 0
	ast.Inspect(f.Body, func(n ast.Node) bool {
		lit, ok := n.(*ast.FuncLit)
		if !ok {
			return true
		}
		params := lit.Type.Params.List
		if len(params) != 3 || len(params[2].Names) != 1 || params[2].Names[0].Name != "v" {
			return true
		}
		method := map[string]string{"string": "MaskString", "*string": "MaskStringPtr"}[g.text(params[2].Type)]
		if method == "" {
			g.fault("%s.%s is personal data, but its value is a %s", t.object, t.field, g.text(params[2].Type))
			return false
		}
		masked++
		g.insert(lit.Body.Lbrace+1, fmt.Sprintf("\n\t\t\tv = ec.gate.%s(%q, v)", method, m))
		return false
	})
	if masked != 1 {
		g.fault("%s.%s is personal data, and its value was masked %d times", t.object, t.field, masked)
	}
}

// denied is what a function returns when its check fails.
func denied(f *ast.FuncDecl, g *guard) string {
	if strings.HasPrefix(g.text(f.Type.Results.List[0].Type), "func(") {
		return "nil" // of a subscription: no stream
	}
	return "graphql.Null"
}

// rename makes the constructor seal what it builds.
func (g *guard) rename(f *ast.FuncDecl) {
	g.constructor++
	var ret *ast.ReturnStmt
	if len(f.Body.List) == 1 {
		ret, _ = f.Body.List[0].(*ast.ReturnStmt)
	}
	if ret == nil || len(ret.Results) != 1 || f.Doc == nil {
		g.fault("%s is not what it was", plainSchema)
		return
	}
	g.replace(f.Doc.Pos(), f.Type.Params.Pos(), fmt.Sprintf(
		"// %s creates the schema in which no field is answered before its check.\nfunc %s", guardedSchema, guardedSchema))
	g.replace(f.Type.Results.Pos(), f.Type.Results.End(), "*engine.Sealed")
	g.insert(ret.Results[0].Pos(), "engine.Seal(")
	g.insert(ret.Results[0].End(), fmt.Sprintf(", engine.Stamp{Fingerprint: %q, Fields: %d, Objects: %d, Numbers: fieldNumbers})",
		g.table.Fingerprint(), g.fieldCount, g.objectCount))
}

// openGate gives each execution the gate of its operation.
func (g *guard) openGate(f *ast.FuncDecl) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if lit, ok := n.(*ast.CompositeLit); ok && g.text(lit.Type) == executionState {
			g.contexts++
			g.insert(lit.Rbrace, "\tgate: engine.GateOf(opCtx),\n\t")
		}
		return true
	})
}

// state gives the execution context its gate.
func (g *guard) state(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		if t, ok := spec.(*ast.TypeSpec); ok && t.Name.Name == executionState {
			if s, ok := t.Type.(*ast.StructType); ok {
				g.states++
				g.insert(s.Fields.Closing, "\n\tgate engine.Gate\n")
			}
		}
	}
}

// complete says whether everything that answers is guarded.
func (g *guard) complete() error {
	for name := range g.fields {
		g.fault("the generated code has no field function %s", name)
	}
	for name := range g.objects {
		g.fault("the generated code has no object function %s", name)
	}
	if g.constructor != 1 || g.contexts != 1 || g.states != 1 {
		g.fault("the generated code has %d constructors, %d execution contexts made at %d places; each was one",
			g.constructor, g.states, g.contexts)
	}
	if len(g.faults) == 0 {
		return nil
	}
	slices.Sort(g.faults)
	return fmt.Errorf("gqlgen's code cannot be guarded:\n%s", strings.Join(g.faults, "\n"))
}

func (g *guard) first(f *ast.FuncDecl, statement string) {
	g.insert(f.Body.Lbrace+1, "\n\t"+statement)
}

func (g *guard) takes(f *ast.FuncDecl, i int, typeName string) bool {
	params := f.Type.Params.List
	return i < len(params) && g.text(params[i].Type) == typeName
}

func (g *guard) fault(format string, args ...any) {
	g.faults = append(g.faults, fmt.Sprintf(format, args...))
}

func (g *guard) offset(p token.Pos) int { return g.set.Position(p).Offset }

func (g *guard) text(n ast.Node) string { return string(g.src[g.offset(n.Pos()):g.offset(n.End())]) }

func (g *guard) insert(at token.Pos, text string) { g.replace(at, at, text) }

func (g *guard) replace(from, to token.Pos, text string) {
	g.edits = append(g.edits, edit{g.offset(from), g.offset(to), text})
}

// apply makes the edits.
func (g *guard) apply() []byte {
	slices.SortStableFunc(g.edits, func(a, b edit) int { return a.from - b.from })
	var out bytes.Buffer
	at := 0
	for _, e := range g.edits {
		out.Write(g.src[at:e.from])
		out.WriteString(e.text)
		at = e.to
	}
	out.Write(g.src[at:])
	return out.Bytes()
}
