// Package shapes is a schema of values in every shape, for the tests of the writers.
package shapes

import (
	"context"

	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/shapes/model"
)

//go:generate go run ../guard

// Resolver gives the root's objects.
type Resolver func(ctx context.Context, field string) (*model.Shape, error)

// New is the guarded schema, in which r resolves the fields of the roots.
func New(r Resolver) *engine.Sealed { return NewGuardedSchema(Config{Resolvers: r}) }

func (r Resolver) Query() QueryResolver       { return query{r} }
func (r Resolver) Mutation() MutationResolver { return mutation{r} }

type (
	query    struct{ r Resolver }
	mutation struct{ r Resolver }
)

func (q query) Shape(ctx context.Context) (*model.Shape, error)   { return q.r(ctx, "shape") }
func (q query) Again(ctx context.Context) (*model.Shape, error)   { return q.r(ctx, "again") }
func (q query) Must(ctx context.Context) (*model.Shape, error)    { return q.r(ctx, "must") }
func (q query) Closed(ctx context.Context) (*model.Shape, error)  { return q.r(ctx, "closed") }
func (m mutation) First(ctx context.Context) (*model.Dot, error)  { return m.dot(ctx, "first") }
func (m mutation) Second(ctx context.Context) (*model.Dot, error) { return m.dot(ctx, "second") }

func (m mutation) dot(ctx context.Context, field string) (*model.Dot, error) {
	s, err := m.r(ctx, field)
	return &s.Dot, err
}
