package gen

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/fieldgate/fieldgate/auth/policy"
	gql "github.com/vektah/gqlparser/v2/ast"
)

// Writers is the plugin of gqlgen that generates the writers: for each object type a function that writes an object
// as JSON while it reads it, and tests each field's check before the field is read. A field that a writer does not
// know how to read is a hole in it: what a resolver or a method gives of objects and lists is called and written, and gqlgen's own
// function of the field answers all else.
type Writers struct {
	compile Compile
	data    *codegen.Data
	enums   map[string]bool // the enums whose marshaler is known
	out     strings.Builder
	lists   map[string]*config.TypeReference // of which a function is needed, by its name
	faults  []string

	Table *policy.Table // what compile has made
	Count Count
}

// Count says how the fields of a schema are answered: Written as they stand in an object, Holes by calling something, and Streamed
// by gqlgen alone.
type Count struct{ Written, Holes, Streamed int }

// NewWriters is the plugin for a schema of which compile makes the rules.
func NewWriters(compile Compile) *Writers {
	return &Writers{compile: compile, lists: map[string]*config.TypeReference{}}
}

// Name names the plugin for gqlgen.
func (*Writers) Name() string { return "writers" }

// GenerateCode writes writers.go beside gqlgen's own code. It fails unless every field of the schema is accounted for.
func (w *Writers) GenerateCode(data *codegen.Data) error {
	w.data = data
	var err error
	if w.Table, err = w.compile(data.Config); err != nil {
		return err
	}
	if w.enums, err = knownEnums(data.Config); err != nil {
		return err
	}
	if len(data.AllDirectives.LocationDirectives("FIELD")) > 0 {
		w.fault("a directive of the query itself runs around each field, which a writer would pass by")
	}
	if data.HasBatchResolverFields() {
		w.fault("a batch resolver is told of its siblings, of which a writer does not tell it")
	}
	err = templates.Render(templates.Options{
		PackageName:     data.Config.Exec.Package,
		Filename:        WritersFile(data.Config),
		GeneratedHeader: true,
		Packages:        data.Config.Packages,
		PruneOptions:    data.Config.GetPruneOptions(),
		Template: `{{ reserveImport "context" }}{{ reserveImport "github.com/99designs/gqlgen/graphql" }}` +
			`{{ reserveImport "github.com/vektah/gqlparser/v2/ast" }}{{ reserveImport "` + enginePath + `" }}{{ writers }}`,
		Funcs: map[string]any{"writers": w.text},
	})
	if err != nil {
		return err
	}
	return w.complete()
}

// text is the file but for its head.
func (w *Writers) text() string {
	w.out.Reset()
	w.answer()
	w.numbers()
	for _, o := range w.objects() {
		w.object(o)
	}
	for _, name := range slices.Sorted(maps.Keys(w.data.Interfaces)) {
		w.abstract(w.data.Interfaces[name])
	}
	done := map[string]bool{}
	for len(done) < len(w.lists) { // a list of lists needs another
		for _, name := range slices.Sorted(maps.Keys(w.lists)) {
			if !done[name] {
				done[name] = true
				w.value(name, w.lists[name])
			}
		}
	}
	return w.out.String()
}

// objects are those of the schema's own types that have writers.
func (w *Writers) objects() []*codegen.Object {
	return slices.DeleteFunc(slices.Clone(w.data.Objects), func(o *codegen.Object) bool { return o.IsReserved() || o.Stream })
}

// answer is the method by which an operation is run.
func (w *Writers) answer() {
	w.printf(`
// Answer writes what the operation of ctx selects. It is false for null.
func (e *executableSchema) Answer(ctx context.Context, w *engine.Writer) bool {
	ec := newExecutionContext(graphql.GetOperationContext(ctx), e, nil)
	ec.gate = w.Gate()
	switch ec.Operation.Operation {
`)
	for _, o := range w.objects() {
		if o.Root {
			w.printf("\tcase ast.%s:\n\t\treturn ec.write%s(w, w.Root())\n", map[*gql.Definition]string{
				w.data.Schema.Query: "Query", w.data.Schema.Mutation: "Mutation",
			}[o.Definition], o.Name)
		}
	}
	w.printf("\t}\n\treturn false\n}\n")
}

// numbers is how the switches below number the fields of each type.
func (w *Writers) numbers() {
	w.printf("\n// fieldNumbers are the cases of the writers.\nvar fieldNumbers = map[string]map[string]int{\n")
	for _, o := range w.objects() {
		w.printf("\t%q: {", o.Name)
		for i, f := range o.Fields {
			if i > 0 {
				w.printf(", ")
			}
			w.printf("%q: %d", f.Name, i)
		}
		w.printf("},\n")
	}
	w.printf("}\n")
}

// object is the function of an object type.
func (w *Writers) object(o *codegen.Object) {
	var concurrent []string
	for i, f := range o.Fields {
		if w.hole(f) && f.IsConcurrent() {
			concurrent = append(concurrent, fmt.Sprintf("%d: true", i))
		}
	}
	if len(concurrent) > 0 {
		w.printf("\n// concurrent%s are the fields of %s that are resolved at once.\nvar concurrent%s = []bool{%s}\n",
			o.Name, o.Name, o.Name, strings.Join(concurrent, ", "))
	}
	obj, param := "", ""
	if !o.Root {
		obj, param = ", obj", ", obj "+templates.CurrentImports.LookupType(o.Reference())
	}
	w.printf("\nfunc (ec *executionContext) write%s(w *engine.Writer, s *engine.Selections%s) bool {\n", o.Name, param)
	w.printf("\tvar o engine.Object\n\tif !w.Begin(&o, s, %d) {\n\t\treturn false\n\t}\n", w.Table.Object(o.Name))
	w.printf("\tfor i := range s.Fields {\n\t\tf := &s.Fields[i]\n\t\tw.Key(f)\n\t\tswitch f.Number {\n")
	w.printf("\t\tcase -1: // __typename\n\t\t\tw.Raw(`%q`)\n", o.Name)
	for i, f := range o.Fields {
		w.printf("\t\tcase %d: // %s\n", i, f.Name)
		w.field(o, f, obj, len(concurrent) > 0)
	}
	w.printf("\t\tdefault:\n\t\t\tpanic(\"a field that %s does not have\")\n\t\t}\n\t}\n\treturn w.End(&o)\n}\n", o.Name)
}

// field is the case of a field: its check, and then its value.
func (w *Writers) field(o *codegen.Object, f *codegen.Field, obj string, concurrent bool) {
	check := fmt.Sprintf("!o.May(%d)", w.Table.Field(o.Name, f.Name))
	if guardsInput(w.data.Schema, w.Table, o.Name, w.data.Schema.Types[o.Name].Fields.ForName(f.Name)) {
		check += " || !w.Decided(f)"
	}
	w.printf("\t\t\tif %s {\n\t\t\t\tw.Deny(f)\n\t\t\t\tcontinue\n\t\t\t}\n", check)
	if !w.hole(f) {
		if !strings.HasPrefix(f.Name, "__") {
			w.Count.Written++
		}
		mask, _ := w.Table.Mask(o.Name, f.Name)
		w.emit(f.TypeReference, f.GoReceiverName+"."+f.GoFieldName, mask)
		return
	}
	if !strings.HasPrefix(f.Name, "__") {
		w.Count.Holes++
	}
	table := "nil"
	if concurrent {
		table = "concurrent" + o.Name
	}
	if resolved(f) {
		w.resolve(o, f, table)
		return
	}
	w.printf("\t\t\tw.Hole(&o, s, f, %s, func(ctx context.Context) graphql.Marshaler { return ec._%s_%s(ctx, f.Field%s) })\n",
		table, o.Name, f.Name, obj)
}

// abstract is the function of an interface or a union. What is of no known type is an error, as of a panic: gqlgen's own is one.
func (w *Writers) abstract(a *codegen.Interface) {
	w.printf("\nfunc (ec *executionContext) write%s(w *engine.Writer, f *engine.Selection, obj %s) bool {\n\tswitch obj := (obj).(type) {\n",
		a.Name, templates.CurrentImports.LookupType(a.Type))
	for _, m := range a.Implementors {
		w.printf("\tcase %s:\n", templates.CurrentImports.LookupType(m.Type))
		if m.CanBeNil() {
			w.printf("\t\tif obj == nil {\n\t\t\treturn w.Null()\n\t\t}\n")
		}
		ref := ""
		if m.TakeRef {
			ref = "&"
		}
		w.printf("\t\treturn ec.write%s(w, f.Of(%q), %sobj)\n", m.Name, m.Name, ref)
	}
	w.printf("\tcase nil:\n\t\treturn w.Null()\n\t}\n\treturn w.Fault(f, \"an object of a type that %s is not\")\n}\n", a.Name)
}

// complete says whether every field of the schema is accounted for.
func (w *Writers) complete() error {
	fields := 0
	for _, def := range w.data.Schema.Types {
		if def.Kind == gql.Object && !strings.HasPrefix(def.Name, "__") {
			for _, f := range def.Fields {
				if !strings.HasPrefix(f.Name, "__") {
					fields++
				}
			}
			if def == w.data.Schema.Subscription {
				w.Count.Streamed = len(def.Fields)
			}
		}
	}
	if n := w.Count.Written + w.Count.Holes + w.Count.Streamed; n != fields {
		w.fault("%d fields are answered and the schema has %d", n, fields)
	}
	if len(w.faults) == 0 {
		return nil
	}
	slices.Sort(w.faults)
	return fmt.Errorf("no writers can be generated:\n%s", strings.Join(slices.Compact(w.faults), "\n"))
}

func (w *Writers) fault(format string, args ...any) {
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

func (w *Writers) printf(format string, args ...any) { fmt.Fprintf(&w.out, format, args...) }
