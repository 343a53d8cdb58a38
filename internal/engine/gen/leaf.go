package gen

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"strings"

	"github.com/99designs/gqlgen/codegen/config"
	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/fieldgate/fieldgate/auth/policy"
)

// leaf is how a scalar or an enum is written: the statement, and by what it is.
type leaf struct {
	text string
	how  int
}

const (
	noLeaf       = iota // in no way that is known
	known               // by a method of the Writer, or by the scalar's own Append function
	anyMarshaler        // by its Marshaler
)

const graphqlPath = "github.com/99designs/gqlgen/graphql"

// methods of the Writer that write what gqlgen's marshalers write.
var methods = map[string]string{
	graphqlPath + ".MarshalString":       "w.String(%s)",
	graphqlPath + ".MarshalID":           "w.String(%s)",
	graphqlPath + ".MarshalBoolean":      "w.Bool(%s)",
	graphqlPath + ".MarshalInt":          "w.Int(int64(%s))",
	graphqlPath + ".MarshalInt8":         "w.Int(int64(%s))",
	graphqlPath + ".MarshalInt16":        "w.Int(int64(%s))",
	graphqlPath + ".MarshalInt32":        "w.Int(int64(%s))",
	graphqlPath + ".MarshalInt64":        "w.Int(%s)",
	graphqlPath + ".MarshalFloatContext": "w.Float(f, %s)",
}

// leaf writes the value of an expression that is not nil.
func (w *Writers) leaf(ref *config.TypeReference, expr string, mask policy.Mask) leaf {
	base := ref.GO
	if p, ok := base.(*types.Pointer); ok {
		base = p.Elem()
	}
	switch {
	case config.IsNilable(base) || config.IsNilable(ref.Target) || ref.HasEnumValues():
		return leaf{}
	case ref.IsMarshaler:
		return w.marshaler(ref, base, expr)
	case ref.Marshaler == nil:
		return leaf{}
	case ref.CastType != nil:
		expr = fmt.Sprintf("%s(%s)", templates.CurrentImports.LookupType(ref.CastType), expr)
	}
	if mask != "" {
		expr = fmt.Sprintf("w.Mask(%q, %s)", mask, expr)
	}
	if text, ok := methods[ref.Marshaler.FullName()]; ok {
		return leaf{fmt.Sprintf(text, expr), known}
	}
	if ref.IsContext {
		return leaf{}
	}
	pkg := ref.Marshaler.Pkg()
	name := "Append" + strings.TrimPrefix(ref.Marshaler.Name(), "Marshal")
	if f, ok := pkg.Scope().Lookup(name).(*types.Func); ok && appends(f.Type(), 2) {
		return leaf{appended(ref, fmt.Sprintf("%s.%s(w.Buffer(), %s)", templates.CurrentImports.Lookup(pkg.Path()), name, expr)), known}
	}
	return closure(ref, fmt.Sprintf("%s.%s(%s)", templates.CurrentImports.Lookup(pkg.Path()), ref.Marshaler.Name(), expr))
}

// marshaler writes a value whose Go type is a Marshaler.
func (w *Writers) marshaler(ref *config.TypeReference, base types.Type, expr string) leaf {
	if ref.IsContext {
		return leaf{}
	}
	named, ok := base.(*types.Named)
	if !ok {
		return leaf{}
	}
	if m, _, _ := types.LookupFieldOrMethod(named, true, nil, "AppendGQL"); m != nil && appends(m.Type(), 1) {
		return leaf{appended(ref, fmt.Sprintf("(%s).AppendGQL(w.Buffer())", expr)), known}
	}
	at := named.Obj()
	if model := w.data.Config.Model; model.IsDefined() && at.Pkg().Path() == model.ImportPath() {
		switch good, generated := w.enums[at.Name()]; {
		case generated && good:
			return leaf{fmt.Sprintf("w.Enum(string(%s))", expr), known}
		case generated:
			w.fault("the enum %s is not written in the way that is known", at.Name())
		}
	}
	return closure(ref, expr)
}

// appends says whether a function takes and gives a buffer.
func appends(t types.Type, params int) bool {
	f, ok := t.(*types.Signature)
	isBuffer := func(v *types.Var) bool { return v.Type().String() == "[]byte" }
	return ok && f.Params().Len() == params && f.Results().Len() == 1 && isBuffer(f.Params().At(0)) && isBuffer(f.Results().At(0))
}

func appended(ref *config.TypeReference, call string) string {
	return require(ref, fmt.Sprintf("w.Append(f, %q, %s)", nonNull(ref), call))
}

func closure(ref *config.TypeReference, marshaler string) leaf {
	call := fmt.Sprintf("w.Marshal(f, %q, func() graphql.Marshaler { return %s })", nonNull(ref), marshaler)
	return leaf{require(ref, call), anyMarshaler}
}

// nonNull is the type as an error names it that must not be null, and otherwise empty.
func nonNull(ref *config.TypeReference) string {
	if ref.GQL.NonNull {
		return ref.GQL.String()
	}
	return ""
}

// knownEnums has the enums that gqlgen has generated, and whether each is written in the way that Writer.Enum knows.
func knownEnums(cfg *config.Config) (map[string]bool, error) {
	enums := map[string]bool{}
	if !cfg.Model.IsDefined() {
		return enums, nil
	}
	src, err := os.ReadFile(cfg.Model.Filename)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, cfg.Model.Filename, src, 0)
	if err != nil {
		return nil, err
	}
	bodies := map[string]string{} // by receiver and method
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
			if t, ok := f.Recv.List[0].Type.(*ast.Ident); ok {
				body := src[set.Position(f.Body.Lbrace).Offset+1 : set.Position(f.Body.Rbrace).Offset]
				bodies[t.Name+"."+f.Name.Name] = strings.TrimSpace(string(body))
			}
		}
	}
	for at, body := range bodies {
		if name, ok := strings.CutSuffix(at, ".MarshalGQL"); ok {
			enums[name] = body == "_, _ = fmt.Fprint(w, strconv.Quote(e.String()))" && bodies[name+".String"] == "return string(e)"
		}
	}
	return enums, nil
}
