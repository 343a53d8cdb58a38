package engine_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/graph"
	"github.com/fieldgate/fieldgate/internal/relay"
	"github.com/fieldgate/fieldgate/internal/scalar"
	"github.com/shopspring/decimal"
	"github.com/vektah/gqlparser/v2/ast"
)

// maker makes random values of the Go types that resolvers return, along the schema.
type maker struct {
	schema  *ast.Schema
	returns map[string]reflect.Type // what a resolver returns, by coordinate
	objects map[string]reflect.Type // the structs, by the names of their GraphQL types
	members map[reflect.Type][]member
}

// member is a field of a struct that a field of the schema reads.
type member struct {
	index  int
	of     *ast.Type
	masked bool
}

// newMaker finds the resolvers and models of the schema.
func newMaker(t testing.TB, schema *ast.Schema) *maker {
	t.Helper()
	m := &maker{schema, map[string]reflect.Type{}, map[string]reflect.Type{}, map[reflect.Type][]member{}}
	for root := range reflect.TypeFor[graph.ResolverRoot]().Methods() {
		def := schema.Types[root.Name]
		for resolver := range root.Type.Out(0).Methods() {
			for _, f := range def.Fields {
				if strings.EqualFold(f.Name, resolver.Name) {
					m.returns[def.Name+"."+f.Name] = resolver.Type.Out(0)
					m.discover(f.Type, resolver.Type.Out(0))
				}
			}
		}
	}
	for _, name := range []string{"Node", "ProductLog"} {
		for _, def := range schema.PossibleTypes[name] {
			if m.objects[def.Name] == nil {
				t.Fatalf("no resolver returns a type that has the struct of %s", def.Name)
			}
		}
	}
	return m
}

// discover finds the structs below a type.
func (m *maker) discover(of *ast.Type, in reflect.Type) {
	def := m.schema.Types[of.Name()]
	for in.Kind() == reflect.Pointer || in.Kind() == reflect.Slice || in.Kind() == reflect.Chan {
		in = in.Elem()
	}
	if def.Kind != ast.Object || m.objects[def.Name] != nil {
		return
	}
	m.objects[def.Name] = in
	for i := range in.NumField() {
		name, _, _ := strings.Cut(in.Field(i).Tag.Get("json"), ",")
		f := def.Fields.ForName(name)
		m.members[in] = append(m.members[in], member{i, f.Type, f.Directives.ForName("personalData") != nil})
		m.discover(f.Type, in.Field(i).Type)
	}
}

// value makes a value of a type. Below it one in five may be null that may be, and of what must not be as many as nulls says.
func (m *maker) value(r *rand.Rand, of *ast.Type, in reflect.Type, nulls float64) reflect.Value {
	v := reflect.New(in).Elem()
	m.fill(r, nonNull(of), v, nulls, false)
	return v
}

// nonNull is a type without its null.
func nonNull(of *ast.Type) *ast.Type {
	return &ast.Type{NamedType: of.NamedType, Elem: of.Elem, NonNull: true}
}

func (m *maker) fill(r *rand.Rand, of *ast.Type, v reflect.Value, nulls float64, masked bool) {
	if !of.NonNull && r.IntN(5) == 0 || of.NonNull && r.Float64() < nulls {
		return // the zero value: nil, "", the time that is null
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		m.fill(r, nonNull(of), v.Elem(), nulls/4, masked)
	case reflect.Slice:
		n := pick(r, 0, 1, 1, 2, 2, 3)
		if r.IntN(200) == 0 {
			n = 50
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range v.Len() {
			m.fill(r, of.Elem, v.Index(i), nulls, masked)
		}
	case reflect.Interface:
		types := m.schema.PossibleTypes[of.Name()]
		v.Set(m.object(r, types[r.IntN(len(types))].Name, nulls))
	default:
		m.leaf(r, of, v, nulls, masked)
	}
}

// object makes an object that stands for an abstract type: mostly a pointer, as resolvers have it.
func (m *maker) object(r *rand.Rand, name string, nulls float64) reflect.Value {
	p := reflect.New(m.objects[name])
	if r.Float64() < nulls {
		return reflect.Zero(p.Type())
	}
	m.fill(r, ast.NonNullNamedType(name, nil), p.Elem(), nulls, false)
	if r.IntN(8) == 0 {
		return p.Elem()
	}
	return p
}

func (m *maker) leaf(r *rand.Rand, of *ast.Type, v reflect.Value, nulls float64, masked bool) {
	def := m.schema.Types[of.Name()]
	switch {
	case def.Kind == ast.Object:
		for _, f := range m.members[v.Type()] {
			m.fill(r, f.of, v.Field(f.index), nulls, f.masked)
		}
	case def.Kind == ast.Enum:
		v.SetString(def.EnumValues[r.IntN(len(def.EnumValues))].Name)
		if r.Float64() < nulls {
			v.SetString(pick(r, "", "NO_SUCH_VALUE", `say "<é>"`))
		}
	case def.Name == "DateTime":
		zone := pick(r, time.UTC, time.FixedZone("", 5*3600+1800))
		v.Set(reflect.ValueOf(time.Unix(r.Int64N(4e9), pick(r, 0, 0, r.Int64N(1e9), 120_000_000)).In(zone)))
	case def.Name == "Date":
		v.Set(reflect.ValueOf(scalar.NewDate(time.Unix(r.Int64N(4e9), 0).UTC())))
	case def.Name == "Decimal":
		v.Set(reflect.ValueOf(decimal.New(r.Int64N(1e12)-5e11, -r.Int32N(9))))
	case v.Kind() == reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case v.CanInt():
		v.SetInt(pick(r, 0, 1, -1, r.Int64N(1e6), 1<<31-1, -1<<31))
	case masked:
		v.SetString(pick(r, "+15551234567", "ada@example.com", "é@例.jp", "https://u:p@example.com:8443/voice/+15551234567?token=s3cret&x=1#f",
			"Ada \"<b>\" Lovelace", "", "@", "+1", "\xff\xfe@\x00", "12345678", "123456789"))
	default:
		v.SetString(text(r))
	}
}

// text is a text as upstreams may have it.
func text(r *rand.Rand) string {
	return pick(r, "", "plain", fmt.Sprintf("SM%08x", r.Uint32()), `"quoted" \ and /`, "tab\tline\nreturn\r\b\f\x00\x1f\x7f",
		"<script>alert('&')</script>", "\u2028\u2029", "héllo 👋🏽 世界", "\xff\xfe\xc3(", "\xed\xa0\x80", "\ufffd\ufeff", "null", "{}",
		strings.Repeat("long ", 60), relay.GlobalID("Call", fmt.Sprintf("CA%d", r.IntN(100))))
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }
