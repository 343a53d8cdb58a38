package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/rules"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/shapes"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/shapes/model"
	"github.com/vektah/gqlparser/v2/ast"
)

type shape = model.Shape

// shapesOf is a configuration for the schema of shapes, for one caller.
func shapesOf(t testing.TB, c caller) engine.Config {
	t.Helper()
	text, err := os.ReadFile("enginetest/shapes/schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	m := c.matrix(t)
	cfg := configOf(t, guest())
	if cfg.Table, err = rules.Compile(&ast.Source{Name: "schema.graphqls", Input: string(text)}, m); err != nil {
		t.Fatal(err)
	}
	cfg.Views = engine.NewViews(engine.IntrospectionRole, shapes.New(nil).Schema(), cfg.Table)
	set := c.set(t, m)
	cfg.Caller = func(context.Context) policy.Set { return set }
	return cfg
}

// good is a shape in which nothing is null that must not be; change makes it another.
func good(change ...func(*shape)) *shape {
	s := &shape{ID: "1", Must: new("m"), MustOdd: "o", MustMoment: "t", Dot: model.Dot{ID: "d", Must: new("m")}}
	for _, f := range change {
		f(s)
	}
	return s
}

// bare is one in which everything is null that can be.
func bare() *shape { return &shape{} }

// resolved are hole functions.
func resolved(s *shape) func(context.Context) (*shape, error) {
	return func(context.Context) (*shape, error) { return s, nil }
}

func failing(context.Context) (*shape, error)   { return nil, errors.New("no") }
func panicking(context.Context) (*shape, error) { panic("hole") }

// wrong is what every error says here.
const wrong = "Something went wrong."

// TestWriters asks for shapes: what is written must be what stands in the row, and the same that gqlgen's own executor
// gives, with the same errors and denials, but in the rows that say what that does otherwise.
func TestWriters(t *testing.T) {
	usage := []policy.Permission{"USAGE"}
	for _, row := range []struct {
		name   string
		query  string
		shape  *shape
		holds  []policy.Permission
		want   string
		errors []string // their paths
		denied []string
		apart  string // what gqlgen does instead
	}{
		{name: "everything that is null may be", query: "{ shape { text number ratio good color colors texts moments odd masked inner { id } list { id } loose { id } grid { id } thing { id } things { id } any { __typename } method } }", shape: bare(),
			want: `{"shape":{"text":null,"number":null,"ratio":null,"good":null,"color":null,"colors":null,"texts":null,"moments":null,"odd":null,"masked":null,"inner":null,"list":null,"loose":null,"grid":null,"thing":null,"things":null,"any":null,"method":null}}`},
		{name: "values", query: "{ shape { __typename id text number ratio good color colors texts moment mustMoment moments odd mustOdd } }",
			shape: good(func(s *shape) {
				s.Text, s.Number, s.Ratio, s.Good = new("a\"\\\n\u0001\xff<é\u2028"), new(-7), new(1e21), new(true)
				s.Color, s.Colors, s.Texts = new(model.ColorRed), []model.Color{"GREEN", "RED"}, []*string{new("x"), new("y")}
				s.Moment, s.Moments, s.Odd = "now", []model.Moment{"a", "b"}, new(model.Odd("z"))
			}),
			want: `{"shape":{"__typename":"Shape","id":"1","text":"a\"\\\n\u0001` + "\xff<é\u2028" + `","number":-7,"ratio":1e+21,"good":true,"color":"RED","colors":["GREEN","RED"],"texts":["x","y"],"moment":"now","mustMoment":"t","moments":["a","b"],"odd":"z","mustOdd":"o"}}`},
		{name: "an enum's invalid values", query: "{ shape { color colors } }",
			shape: good(func(s *shape) { s.Color, s.Colors = new(model.Color("")), []model.Color{"é\"\n\x00", "BLUE"} }),
			want:  `{"shape":{"color":"","colors":["é\"\n\x00","BLUE"]}}`},
		{name: "no number", query: "{ shape { ratio } }", shape: good(func(s *shape) { s.Ratio = new(math.NaN()) }), want: `{"shape":{"ratio":null}}`, errors: []string{"shape.ratio"},
			apart: "adds the error while the data is sent"},
		{name: "a leaf that must not be null", query: "{ shape { id must text } }", shape: bare(), want: `{"shape":null}`, errors: []string{"shape.must"}},
		{name: "in an object that must not be", query: "{ shape { id mustInner { must id } } }", shape: good(func(s *shape) { s.MustInner = bare() }), want: `{"shape":null}`, errors: []string{"shape.mustInner.must"}},
		{name: "in one that may be", query: "{ shape { id inner { must id } text } }", shape: good(func(s *shape) { s.Inner = bare() }), want: `{"shape":{"id":"1","inner":null,"text":null}}`, errors: []string{"shape.inner.must"}},
		{name: "an object that must not be null", query: "{ shape { mustInner { id } } }", shape: good(), want: `{"shape":null}`, errors: []string{"shape.mustInner"}},
		{name: "two at once", query: "{ shape { must mustInner { id } again: must } }", shape: bare(), want: `{"shape":null}`, errors: []string{"shape.again", "shape.must", "shape.mustInner"}},
		{name: "in a value", query: "{ shape { dot { must } } }", shape: bare(), want: `{"shape":null}`, errors: []string{"shape.dot.must"}},
		{name: "up to the root", query: "{ must { must } }", shape: bare(), want: `null`, errors: []string{"must.must"}},
		{name: "the root's own", query: "{ shape { id } must { id } }", shape: nil, want: `null`, errors: []string{"must"}},
		{name: "an element", query: "{ shape { id list { id } } }", shape: good(func(s *shape) { s.List = []*shape{good(), nil, good(), nil} }), want: `{"shape":{"id":"1","list":null}}`, errors: []string{"shape.list[1]", "shape.list[3]"}},
		{name: "an element that may be null", query: "{ shape { loose { must } } }", shape: good(func(s *shape) { s.Loose = []*shape{good(), nil, bare(), good()} }), want: `{"shape":{"loose":[{"must":"m"},null,null,{"must":"m"}]}}`, errors: []string{"shape.loose[2].must"}},
		{name: "within an element", query: "{ shape { list { inner { must } must } } }", shape: good(func(s *shape) { s.List = []*shape{good(func(s *shape) { s.Inner = bare() }), bare()} }), want: `{"shape":{"list":null}}`, errors: []string{"shape.list[0].inner.must", "shape.list[1].must"}},
		{name: "lists of lists", query: "{ shape { grid { must } } }", shape: good(func(s *shape) { s.Grid = [][]*shape{{good()}, {}, nil, {good(), good()}} }), want: `{"shape":{"grid":[[{"must":"m"}],[],[],[{"must":"m"},{"must":"m"}]]}}`},
		{name: "within a list of lists", query: "{ shape { grid { must } } }", shape: good(func(s *shape) { s.Grid = [][]*shape{{good(), bare()}, {nil}} }), want: `{"shape":{"grid":null}}`, errors: []string{"shape.grid[0][1].must", "shape.grid[1][0]"}},
		{name: "texts have no places", query: "{ shape { texts } }", shape: good(func(s *shape) { s.Texts = []*string{nil, new("x"), nil} }), want: `{"shape":{"texts":null}}`, errors: []string{"shape.texts"}},
		{name: "values in a list", query: "{ shape { dots { must } } }", shape: good(func(s *shape) { s.Dots = []model.Dot{{Must: new("a")}, {Must: new("b")}} }), want: `{"shape":{"dots":[{"must":"a"},{"must":"b"}]}}`},
		{name: "no list", query: "{ shape { dots { must } } }", shape: bare(), want: `{"shape":{"dots":[]}}`},
		{name: "a value in a list", query: "{ shape { dots { must } } }", shape: good(func(s *shape) { s.Dots = []model.Dot{{Must: new("a")}, {}} }), want: `{"shape":null}`, errors: []string{"shape.dots[1].must"}},
		{name: "a scalar that makes null", query: "{ shape { moment mustMoment } }", shape: good(func(s *shape) { s.Moment, s.MustMoment = "null", "null" }), want: `{"shape":null}`, errors: []string{"shape.mustMoment"}},
		{name: "a scalar that panics", query: "{ shape { id moment text } }", shape: good(func(s *shape) { s.Moment = "panic" }), want: `{"shape":{"id":"1","moment":null,"text":null}}`, errors: []string{"shape.moment"}},
		{name: "one that must not be null", query: "{ shape { loose { id mustMoment } } }", shape: good(func(s *shape) { s.Loose = []*shape{good(), {MustMoment: "panic"}} }), want: `{"shape":{"loose":[{"id":"1","mustMoment":"t"},null]}}`, errors: []string{"shape.loose[1].mustMoment"}},
		{name: "a scalar in a list that panics", query: "{ shape { moments } }", shape: good(func(s *shape) { s.Moments = []model.Moment{"a", "panic"} }), want: `{"shape":{"moments":null}}`, errors: []string{"shape.moments"}},
		{name: "a marshaler that panics halfway", query: "{ shape { id odd text inner { mustOdd } } }", shape: good(func(s *shape) {
			s.Odd, s.Inner = new(model.Odd("panic")), &shape{MustOdd: "panic"}
		}), want: `{"shape":{"id":"1","odd":null,"text":null,"inner":null}}`, errors: []string{"shape.inner.mustOdd", "shape.odd"}, apart: "fails the whole answer"},
		{name: "members by value and by pointer", query: "{ shape { any { __typename ... on Shape { id } ... on Dot { must } } thing { __typename id } } }", shape: good(func(s *shape) {
			s.Any, s.Thing = []model.Any{*good(), good(), model.Dot{Must: new("a")}, &model.Dot{Must: new("b")}, nil, (*shape)(nil), (*model.Dot)(nil)}, model.Dot{ID: "2"}
		}), want: `{"shape":{"any":[{"__typename":"Shape","id":"1"},{"__typename":"Shape","id":"1"},{"__typename":"Dot","must":"a"},{"__typename":"Dot","must":"b"},null,null,null],"thing":{"__typename":"Dot","id":"2"}}}`},
		{name: "nil in an interface", query: "{ shape { thing { id } things { id } } }", shape: good(func(s *shape) { s.Thing, s.Things = (*model.Dot)(nil), []model.Thing{good(), nil, (*shape)(nil)} }), want: `{"shape":{"thing":null,"things":null}}`, errors: []string{"shape.things[1]"}},
		{name: "what the schema does not know", query: "{ shape { any { __typename } thing { id } } }", shape: good(func(s *shape) { s.Any, s.Thing = []model.Any{good(), model.Stranger{}}, model.Stranger{} }), want: `{"shape":{"any":[{"__typename":"Shape"},null],"thing":null}}`, errors: []string{"shape.any[1]", "shape.thing"}},
		{name: "a method", query: "{ shape { method mustMethod } }", shape: good(func(s *shape) { s.OnMethod = func() *string { return new("x") } }), want: `{"shape":{"method":"x","mustMethod":"x"}}`},
		{name: "a method that panics", query: "{ shape { id method text } }", shape: good(func(s *shape) { s.OnMethod = func() *string { panic("method") } }), want: `{"shape":{"id":"1","method":null,"text":null}}`, errors: []string{"shape.method"}},
		{name: "a method that must not be null", query: "{ shape { list { mustMethod } } }", shape: good(func(s *shape) { s.List = []*shape{good(), good()} }), want: `{"shape":{"list":null}}`, errors: []string{"shape.list[0].mustMethod", "shape.list[1].mustMethod"}},
		{name: "a hole", query: "{ shape { id hole { id } text } }", shape: good(func(s *shape) { s.OnHole = resolved(good()) }), want: `{"shape":{"id":"1","hole":{"id":"1"},"text":null}}`},
		{name: "a hole that is null", query: "{ shape { id hole { id } } }", shape: good(), want: `{"shape":{"id":"1","hole":null}}`},
		{name: "a hole that must not be", query: "{ shape { id mustHole { id } } }", shape: good(), want: `{"shape":null}`, errors: []string{"shape.mustHole"}},
		{name: "a hole of which something is", query: "{ shape { id hole { must } text } }", shape: good(func(s *shape) { s.OnHole = resolved(bare()) }), want: `{"shape":{"id":"1","hole":null,"text":null}}`, errors: []string{"shape.hole.must"}},
		{name: "several holes", query: "{ shape { id hole { id } text mustHole { must } other { id } must } }", shape: good(func(s *shape) { s.OnHole, s.OnOther = resolved(good()), failing }), want: `{"shape":{"id":"1","hole":{"id":"1"},"text":null,"mustHole":{"must":"m"},"other":null,"must":"m"}}`, errors: []string{"shape.other"}},
		{name: "several that come to nothing late", query: "{ shape { id inner { hole { id } mustHole { must } text } text } }", shape: good(func(s *shape) { s.Inner = good(func(s *shape) { s.OnHole = resolved(bare()) }) }), want: `{"shape":{"id":"1","inner":null,"text":null}}`, errors: []string{"shape.inner.mustHole.must"}},
		{name: "late, up to the root", query: "{ must { hole { id } mustHole { must } } shape { id } }", shape: good(func(s *shape) { s.OnHole = resolved(bare()) }), want: `null`, errors: []string{"must.mustHole.must"}},
		{name: "a null after which a hole was left open", query: "{ shape { id inner { hole { id } other { id } must text } text } }", shape: good(func(s *shape) {
			s.Inner = &shape{OnHole: resolved(good()), OnOther: failing}
		}), want: `{"shape":{"id":"1","inner":null,"text":null}}`, errors: []string{"shape.inner.must", "shape.inner.other"}},
		{name: "holes in a list", query: "{ shape { loose { id hole { id } } list { other { id } id } } }", shape: good(func(s *shape) {
			s.Loose = []*shape{good(), good(func(s *shape) { s.OnHole = resolved(good()) }), nil, good(func(s *shape) { s.OnHole = panicking })}
			s.List = []*shape{good(func(s *shape) { s.OnOther = resolved(bare()) }), good()}
		}), want: `{"shape":{"loose":[{"id":"1","hole":null},{"id":"1","hole":{"id":"1"}},null,{"id":"1","hole":null}],"list":[{"other":{"id":""},"id":"1"},{"other":null,"id":"1"}]}}`, errors: []string{"shape.loose[3].hole"}},
		{name: "a late null in a list", query: "{ shape { id list { id mustHole { id } } text } }", shape: good(func(s *shape) {
			s.List = []*shape{good(func(s *shape) { s.OnHole = resolved(good()) }), good(func(s *shape) { s.OnHole = failing }), good(func(s *shape) { s.OnHole = resolved(bare()) })}
		}), want: `{"shape":{"id":"1","list":null,"text":null}}`, errors: []string{"shape.list[1].mustHole"}},
		{name: "a late null in a list of what may be null", query: "{ shape { loose { mustHole { must } id } } }", shape: good(func(s *shape) {
			s.Loose = []*shape{good(func(s *shape) { s.OnHole = resolved(good()) }), good(func(s *shape) { s.OnHole = failing }), good(func(s *shape) { s.OnHole = resolved(bare()) })}
		}), want: `{"shape":{"loose":[{"mustHole":{"must":"m"},"id":"1"},null,null]}}`, errors: []string{"shape.loose[1].mustHole", "shape.loose[2].mustHole.must"}},
		{name: "late in a list of lists", query: "{ shape { grid { mustHole { id } } id } }", shape: good(func(s *shape) {
			s.Grid = [][]*shape{{good(func(s *shape) { s.OnHole = resolved(good()) })}, {good()}}
		}), want: `{"shape":{"grid":null,"id":"1"}}`, errors: []string{"shape.grid[1][0].mustHole"}},
		{name: "holes within holes", query: "{ shape { holes { id hole { other { id } hole { id } } } text } }", shape: good(func(s *shape) {
			inner := good(func(s *shape) { s.OnOther, s.OnHole = resolved(good()), failing })
			s.OnHoles = func(context.Context) ([]*shape, error) {
				return []*shape{good(func(s *shape) { s.OnHole = resolved(inner) }), good(), good(func(s *shape) { s.OnHole = resolved(good()) })}, nil
			}
		}), want: `{"shape":{"holes":[{"id":"1","hole":{"other":{"id":"1"},"hole":null}},{"id":"1","hole":null},{"id":"1","hole":{"other":null,"hole":null}}],"text":null}}`, errors: []string{"shape.holes[0].hole.hole"}},
		{name: "late, in a list within a hole", query: "{ shape { holes { list { mustHole { id } } } other { id } } }", shape: good(func(s *shape) {
			s.OnHoles = func(context.Context) ([]*shape, error) {
				return []*shape{good(func(s *shape) { s.List = []*shape{good(), good(func(s *shape) { s.OnHole = resolved(good()) })} }), good()}, nil
			}
			s.OnOther = resolved(good())
		}), want: `{"shape":{"holes":[{"list":null},{"list":null}],"other":{"id":"1"}}}`, errors: []string{"shape.holes[0].list[0].mustHole"}},
		{name: "a panic in a hole", query: "{ shape { id hole { id } text } again { id mustHole { id } } }", shape: good(func(s *shape) { s.OnHole = panicking }), want: `{"shape":{"id":"1","hole":null,"text":null},"again":null}`, errors: []string{"again.mustHole", "shape.hole"}},
		{name: "denied", query: "{ shape { denied id mustSecret { text } text } again { denied secret { text } id } }", shape: good(func(s *shape) { s.Denied, s.Secret, s.MustSecret = new("x"), &model.Secret{}, &model.Secret{} }),
			want: `{"shape":null,"again":{"denied":null,"secret":null,"id":"1"}}`, denied: []string{"shape.denied Shape.denied", "shape.mustSecret Shape.mustSecret", "again.denied Shape.denied", "again.secret Shape.secret"}},
		{name: "denied in lists and holes, in the answer's order", query: "{ shape { loose { denied hole { denied } again: denied } denied } }", shape: good(func(s *shape) {
			s.Loose = []*shape{good(func(s *shape) { s.OnHole = resolved(good()) }), good(), good(func(s *shape) { s.OnHole = resolved(good()) })}
		}), want: `{"shape":{"loose":[{"denied":null,"hole":{"denied":null},"again":null},{"denied":null,"hole":null,"again":null},{"denied":null,"hole":{"denied":null},"again":null}],"denied":null}}`,
			denied: []string{"shape.loose[0].denied Shape.denied", "shape.loose[0].hole.denied Shape.denied", "shape.loose[0].again Shape.denied", "shape.loose[1].denied Shape.denied", "shape.loose[1].again Shape.denied", "shape.loose[2].denied Shape.denied", "shape.loose[2].hole.denied Shape.denied", "shape.loose[2].again Shape.denied", "shape.denied Shape.denied"}},
		{name: "denied where it must not be null", query: "{ shape { list { id mustDenied } id } }", shape: good(func(s *shape) { s.List = []*shape{good()} }), want: `{"shape":{"list":null,"id":"1"}}`, denied: []string{"shape.list[0].mustDenied Shape.mustDenied"}},
		{name: "denied at the root, where all else is resolved all the same", query: "{ closed { id } shape { must } again { mustHole { id } } }", shape: bare(), want: `null`,
			errors: []string{"again.mustHole", "shape.must"}, denied: []string{"closed Query.closed"}},
		{name: "permitted", query: "{ shape { denied secret { text } masked argued(note: \"x\") { id } } }", holds: usage, shape: good(func(s *shape) {
			s.Denied, s.Secret, s.Masked, s.OnHole = new("x"), &model.Secret{Text: new("y")}, new("+15550001234"), resolved(good())
		}), want: `{"shape":{"denied":"x","secret":{"text":"y"},"masked":"+1••••••1234","argued":{"id":"1"}}}`},
		{name: "an argument that is denied", query: "{ shape { argued(note: \"x\") { id } free: argued { id } } }", shape: good(func(s *shape) { s.OnHole = resolved(good()) }), want: `{"shape":{"argued":null,"free":{"id":"1"}}}`, denied: []string{"shape.argued Shape.argued(note:)"}},
		{name: "unmasked", query: "{ shape { masked } }", holds: []policy.Permission{"PERSONAL_DATA"}, shape: good(func(s *shape) { s.Masked = new("+15550001234") }), want: `{"shape":{"masked":"+15550001234"}}`},
		{name: "back to the root, by gqlgen", query: "{ shape { id query { shape { id denied hole { id } } } text } }", shape: good(func(s *shape) { s.OnHole = resolved(good()) }), want: `{"shape":{"id":"1","query":{"shape":{"id":"1","denied":null,"hole":{"id":"1"}}},"text":null}}`, denied: []string{"shape.query.shape.denied Shape.denied"}},
		{name: "introspection", query: "{ __typename __type(name: \"Dot\") { name fields { name } } shape { id } }", shape: good(), want: `{"__typename":"Query","__type":{"name":"Dot","fields":[{"name":"id"},{"name":"must"}]},"shape":{"id":"1"}}`},
		{name: "nothing but what is skipped", query: "{ shape { id @skip(if: true) } again @skip(if: true) { id } }", shape: good(), want: `{"shape":{}}`},
		{name: "a mutation", query: "mutation { first { id must } second { id } }", shape: bare(), want: `{"first":null,"second":{"id":""}}`, errors: []string{"first.must"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := holding(row.holds...)
			es := shapes.New(func(context.Context, string) (*shape, error) { return row.shape, nil })
			run, err := engine.Running(es, shapesOf(t, c), row.query)
			if err != nil {
				t.Fatal(err)
			}
			for _, plain := range []bool{false, true} {
				if plain && row.apart != "" {
					continue
				}
				run(plain, func(r engine.Ran) {
					paths := []string{}
					for _, e := range r.Errors {
						paths = append(paths, e.Path.String())
						if e.Message != wrong {
							t.Errorf("an error says %q", e.Message)
						}
					}
					slices.Sort(paths)
					if string(r.Data) != row.want || !slices.Equal(paths, row.errors) || !slices.Equal(r.Denied(), row.denied) {
						t.Errorf("plain: %v\n%s\nwant\n%s\nerrors %q\nwant   %q\ndenied %q\nwant   %q", plain, r.Data, row.want, paths, row.errors, r.Denied(), row.denied)
					}
				})
			}
		})
	}
}

// TestNobodysWriter: a Writer for which nothing was decided writes nothing, and denies.
func TestNobodysWriter(t *testing.T) {
	var w engine.Writer
	var o engine.Object
	for check := range policy.Check(100) {
		if w.Begin(&o, nil, check) || o.May(check) {
			t.Errorf("check %d passes", check)
		}
	}
	if len(w.Bytes()) > 0 || w.Root() != nil {
		t.Errorf("%s was written", w.Bytes())
	}
}

// TestNumberOfNothing: what generated code has no number for is never read, and nothing else is in its place.
func TestNumberOfNothing(t *testing.T) {
	es := shapes.New(func(context.Context, string) (*shape, error) {
		return good(func(s *shape) { s.Text = new("text") }), nil
	})
	run, err := engine.Running(engine.Seal(es.ExecutableSchema, engine.Stamp{}), shapesOf(t, holding(permissions...)), "{ shape { text } }")
	if err != nil {
		t.Fatal(err)
	}
	run(false, func(r engine.Ran) {
		if string(r.Data) != "null" || len(r.Errors) != 1 || r.Errors[0].Message != wrong {
			t.Errorf("%s, %v", r.Data, r.Errors)
		}
	})
}

// TestWritersAfterAPanic: what a faulty writer has left behind is in no other answer.
func TestWritersAfterAPanic(t *testing.T) {
	faulty := good(func(s *shape) {
		s.List = []*shape{good(), good(func(s *shape) { s.OnHole = panicking }), good(func(s *shape) { s.MustMoment, s.MustOdd = "panic", "panic" })}
	})
	cfg := shapesOf(t, guest())
	running := func(s *shape, query string) func(bool, func(engine.Ran)) {
		run, err := engine.Running(shapes.New(func(context.Context, string) (*shape, error) { return s, nil }), cfg, query)
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	done := make(chan error)
	const callers, rounds = 8, 100
	for i := range callers {
		go func() {
			sound := good(func(s *shape) {
				s.Text = new(strings.Repeat(fmt.Sprint(i), 50+i))
				s.OnHole, s.OnOther = resolved(good()), resolved(s)
			})
			fails := running(faulty, "{ shape { list { text mustMoment odd mustOdd hole { id } other { id } } } again { list { mustOdd } } }")
			holds := running(sound, "{ shape { text hole { id } other { text } } }")
			want := fmt.Sprintf(`{"shape":{"text":%q,"hole":{"id":"1"},"other":{"text":%q}}}`, *sound.Text, *sound.Text)
			var err error
			for range rounds {
				fails(false, func(r engine.Ran) {
					if string(r.Data) != `{"shape":{"list":null},"again":{"list":null}}` || len(r.Errors) != 4 {
						err = fmt.Errorf("%s with %d errors: %v", r.Data, len(r.Errors), r.Errors)
					}
				})
				holds(false, func(r engine.Ran) {
					if !bytes.Equal(r.Data, []byte(want)) || len(r.Errors) > 0 {
						err = fmt.Errorf("%s, want %s; %v", r.Data, want, r.Errors)
					}
				})
			}
			done <- err
		}()
	}
	for range callers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
