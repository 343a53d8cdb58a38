// Package model holds objects that a test fills as it likes, and whose methods are the test's.
package model

import (
	"context"
	"io"

	"github.com/99designs/gqlgen/graphql"
)

// Thing is an interface, and Any a union.
type (
	Thing interface{ IsThing() }
	Any   interface{ IsAny() }
)

// Dot is an object that others hold by value.
type Dot struct {
	ID   string
	Must *string
}

func (Dot) IsThing() {}
func (Dot) IsAny()   {}

// Stranger is a Thing that the schema does not know.
type Stranger struct{}

func (Stranger) IsThing() {}
func (Stranger) IsAny()   {}

// Secret is an object that not everybody may know of.
type Secret struct{ Text *string }

// Shape has a value of each kind.
type Shape struct {
	ID                 string
	Text, Must, Masked *string
	Number             *int
	Ratio              *float64
	Good               *bool
	Color              *Color
	Colors             []Color
	Texts              []*string
	Moment             Moment
	MustMoment         Moment
	Moments            []Moment
	Odd                *Odd
	MustOdd            Odd
	Denied, MustDenied *string
	Secret, MustSecret *Secret
	Dot                Dot
	Inner, MustInner   *Shape
	List, Loose        []*Shape
	Grid               [][]*Shape
	Dots               []Dot
	Thing              Thing
	Things             []Thing
	Any                []Any

	OnMethod func() *string
	OnHole   func(context.Context) (*Shape, error)
	OnHoles  func(context.Context) ([]*Shape, error)
	OnOther  func(context.Context) (*Shape, error)
}

func (Shape) IsThing() {}
func (Shape) IsAny()   {}

// The methods are resolved by the functions, and nil without them.

func (s *Shape) Method() *string {
	if s.OnMethod == nil {
		return nil
	}
	return s.OnMethod()
}

func (s *Shape) MustMethod() *string { return s.Method() }

func (s *Shape) Hole(ctx context.Context) (*Shape, error)     { return resolve(ctx, s.OnHole) }
func (s *Shape) MustHole(ctx context.Context) (*Shape, error) { return resolve(ctx, s.OnHole) }
func (s *Shape) Holes(ctx context.Context) ([]*Shape, error)  { return resolve(ctx, s.OnHoles) }
func (s *Shape) Other(ctx context.Context) (*Shape, error)    { return resolve(ctx, s.OnOther) }

func (s *Shape) Argued(ctx context.Context, note *string) (*Shape, error) {
	return resolve(ctx, s.OnHole)
}

func (s *Shape) Query(context.Context) (*Query, error) { return &Query{}, nil }

// Query is what a field returns that leads back to the root.
type Query struct{}

func resolve[T any](ctx context.Context, by func(context.Context) (T, error)) (v T, err error) {
	if by == nil {
		return v, nil
	}
	return by(ctx)
}

// Moment is written by a function: as a text, unless it is "null" or "panic".
type Moment string

// MarshalMoment writes a moment, or makes null of it, or panics.
func MarshalMoment(m Moment) graphql.Marshaler {
	switch m {
	case "null":
		return graphql.Null
	case "panic":
		panic("this moment")
	}
	return graphql.MarshalString(string(m))
}

// UnmarshalMoment reads one.
func UnmarshalMoment(v any) (Moment, error) {
	s, err := graphql.UnmarshalString(v)
	return Moment(s), err
}

// Odd writes itself, and panics halfway when it is to.
type Odd string

// MarshalGQL writes the text, or a part of it.
func (o Odd) MarshalGQL(w io.Writer) {
	if o == "panic" {
		_, _ = io.WriteString(w, `"half`)
		panic("odd")
	}
	graphql.MarshalString(string(o)).MarshalGQL(w)
}

// UnmarshalGQL reads one.
func (o *Odd) UnmarshalGQL(v any) error {
	s, err := graphql.UnmarshalString(v)
	*o = Odd(s)
	return err
}
