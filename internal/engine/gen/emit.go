package gen

import (
	"fmt"
	"go/types"
	"strings"

	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/fieldgate/fieldgate/auth/policy"
)

// hole says whether something is called for the field: it is resolved, or a method, or its value cannot be read or written
// in the ways that a writer knows.
func (w *Writers) hole(f *codegen.Field) bool {
	return !f.IsVariable() || f.IsResolver || f.HasHaser || len(f.Args) > 0 || f.HasDirectives() || f.Object.Root ||
		f.TypeReference.IsRoot || !plainVariable(f) || !w.writable(f.TypeReference)
}

// plainVariable says whether reading the field cannot fail: it is a variable of the struct itself or of one that is
// embedded by value.
func plainVariable(f *codegen.Field) bool {
	_, path, indirect := types.LookupFieldOrMethod(f.Object.Type, false, nil, f.GoFieldName)
	if len(path) == 0 || indirect {
		return false
	}
	at, ok := f.Object.Type.Underlying().(*types.Struct)
	for _, i := range path[:len(path)-1] {
		if !ok {
			return false
		}
		at, ok = at.Field(i).Type().Underlying().(*types.Struct)
	}
	return ok
}

// resolved says whether a writer may call what gives the field's value by itself: a resolver or a method, of objects or lists.
func resolved(f *codegen.Field) bool {
	ref := f.TypeReference
	return (f.IsResolver || f.IsMethod() && !f.VOkFunc) && !f.HasHaser && !f.HasDirectives() && !f.IsBatch() && !ref.IsRoot &&
		ref.Definition.IsCompositeType() && !strings.HasPrefix(ref.Definition.Name, "__")
}

// resolve has the field's value resolved and written.
func (w *Writers) resolve(o *codegen.Object, f *codegen.Field, concurrent string) {
	typ, param, obj := "struct{}", "_ struct{}", "struct{}{}"
	if !o.Root {
		typ, obj = templates.CurrentImports.LookupType(o.Reference()), "obj"
		param = "obj " + typ
	}
	value := templates.CurrentImports.LookupType(f.TypeReference.GO)
	w.printf("\t\t\tengine.Resolver[*executionContext, %s, %s]{\n", typ, value)
	if len(f.Args) > 0 {
		w.printf("\t\t\t\tArguments: (*executionContext).%s,\n", f.ArgsFunc())
	}
	w.printf("\t\t\t\tCall: func(ec *executionContext, ctx context.Context, fc *graphql.FieldContext, %s) (%s, error) {\n", param, value)
	switch {
	case f.IsResolver:
		w.printf("\t\t\t\t\treturn ec.Resolvers.%s\n", f.ShortInvocation())
	case f.NoErr:
		w.printf("\t\t\t\t\treturn obj.%s(%s), nil\n", f.GoFieldName, f.CallArgs())
	default:
		w.printf("\t\t\t\t\treturn obj.%s(%s)\n", f.GoFieldName, f.CallArgs())
	}
	w.printf("\t\t\t\t},\n\t\t\t\tWrite: (*executionContext).%s,\n", w.need(f.TypeReference))
	if !f.IsResolver {
		w.printf("\t\t\t\tMethod: true,\n")
	}
	w.printf("\t\t\t}.Resolve(w, &o, s, f, %s, ec, %s)\n", concurrent, obj)
}

// writable says whether emit knows the type.
func (w *Writers) writable(ref *config.TypeReference) bool {
	switch {
	case ref.IsRoot || strings.HasPrefix(ref.Definition.Name, "__"):
		return false
	case ref.IsSlice():
		elem := ref.Elem()
		return w.writable(elem) && (elem.IsSlice() || elem.Definition.IsCompositeType() || w.leaf(elem, "v", "").how != anyMarshaler)
	case ref.IsPtrToSlice() || ref.IsPtrToIntf() || ref.IsPtrToPtr():
		return false
	case ref.Definition.IsCompositeType():
		return !ref.IsMarshaler && ref.Marshaler == nil
	}
	return w.leaf(ref, "v", "").how != noLeaf
}

// need has a function generated that writes values of the type, and names it as gqlgen names its marshaler.
func (w *Writers) need(ref *config.TypeReference) string {
	name := "write" + strings.TrimPrefix(ref.MarshalFunc(), "marshal")
	w.lists[name] = ref
	return name
}

// value is the function of a list, or of what a field function gives.
func (w *Writers) value(name string, ref *config.TypeReference) {
	w.printf("\nfunc (ec *executionContext) %s(w *engine.Writer, f *engine.Selection, v %s) bool {\n", name, templates.CurrentImports.LookupType(ref.GO))
	if ref.IsNilable() && !(ref.IsSlice() && ref.GQL.NonNull) {
		w.printf("if v == nil {\nreturn %s\n}\n", w.null(ref))
	}
	if !ref.IsSlice() {
		w.printf("\treturn %s\n}\n", w.composite(ref, "v"))
		return
	}
	elem := ref.Elem()
	begin := "BeginList"
	if elem.IsScalar() {
		begin = "BeginScalars" // which have no places of their own in paths
	}
	w.printf("\tvar l engine.List\n\tw.%s(&l)\n\tfor i := range v {\n\t\tw.Element(&l, i)\n", begin)
	w.emit(elem, "v[i]", "")
	w.printf("\t}\n\treturn w.EndList(&l)\n}\n")
}

// emit writes the statements that write a value, or null where there is none.
func (w *Writers) emit(ref *config.TypeReference, expr string, mask policy.Mask) {
	if ref.IsSlice() || !ref.IsNilable() && ref.Definition.IsCompositeType() {
		w.printf("%s\n", require(ref, w.composite(ref, expr)))
		return
	}
	if !ref.IsNilable() {
		w.printf("%s\n", w.leaf(ref, expr, mask).text)
		return
	}
	w.printf("if v := %s; v != nil {\n", expr)
	if ref.Definition.IsCompositeType() {
		w.printf("%s\n", require(ref, w.composite(ref, "v")))
	} else {
		w.printf("%s\n", w.leaf(ref, "*v", mask).text)
	}
	w.printf("} else {\n%s\n}\n", require(ref, w.null(ref)))
}

// null is the call that writes null for a value that is absent. It is false.
func (w *Writers) null(ref *config.TypeReference) string {
	if ref.GQL.NonNull {
		return fmt.Sprintf("w.Absent(f, %q)", ref.GQL.String())
	}
	return "w.Null()"
}

// require has the null of a value that must not be null spread to what it is in.
func require(ref *config.TypeReference, written string) string {
	if ref.GQL.NonNull {
		return "w.Require(" + written + ")"
	}
	return written
}

// composite is the call that writes a list or an object. It is false for null.
func (w *Writers) composite(ref *config.TypeReference, expr string) string {
	switch name := ref.Definition.Name; {
	case ref.IsSlice():
		return fmt.Sprintf("ec.%s(w, f, %s)", w.need(ref), expr)
	case ref.Definition.IsAbstractType():
		return fmt.Sprintf("ec.write%s(w, f, %s)", name, expr)
	case ref.IsNilable():
		return fmt.Sprintf("ec.write%s(w, f.Under(), %s)", name, expr)
	default:
		return fmt.Sprintf("ec.write%s(w, f.Under(), &%s)", name, expr)
	}
}
