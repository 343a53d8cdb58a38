package model

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/99designs/gqlgen/graphql"
)

// Visits is what the resolvers of one request were asked. It is handed to them in the request's context.
type Visits struct {
	// On is called before a resolver answers, and may fail for it. It is keyed by coordinate, such as "Query.page".
	On map[string]func(context.Context) error
	// Calls are the events of Subscription.calls: one, when it is nil.
	Calls <-chan *Call

	mu    sync.Mutex
	count map[string]int
}

type visitsKey struct{}

// WithVisits hands v to the resolvers.
func WithVisits(ctx context.Context, v *Visits) context.Context {
	return context.WithValue(ctx, visitsKey{}, v)
}

// Visit counts the call of a resolver.
func Visit(ctx context.Context, coordinate string) error {
	v, _ := ctx.Value(visitsKey{}).(*Visits)
	if v == nil {
		return nil
	}
	v.mu.Lock()
	if v.count == nil {
		v.count = map[string]int{}
	}
	v.count[coordinate]++
	v.mu.Unlock()
	if on := v.On[coordinate]; on != nil {
		return on(ctx)
	}
	return nil
}

// Events are the events of Subscription.calls for one request.
func Events(ctx context.Context) <-chan *Call {
	if v, _ := ctx.Value(visitsKey{}).(*Visits); v != nil && v.Calls != nil {
		return v.Calls
	}
	one := make(chan *Call, 1)
	one <- NewCall()
	close(one)
	return one
}

// Count is how often the resolver was called; of "Counted", how often the scalar was read.
func (v *Visits) Count(coordinate string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.count[coordinate]
}

// Total is how often any resolver was called.
func (v *Visits) Total() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	sum := 0
	for _, n := range v.count {
		sum += n
	}
	return sum
}

// Counted is the scalar whose reading is counted.
type Counted string

// UnmarshalGQLContext reads the scalar.
func (c *Counted) UnmarshalGQLContext(ctx context.Context, v any) error {
	*c = Counted(fmt.Sprint(v))
	return Visit(ctx, "Counted")
}

// MarshalGQLContext writes the scalar.
func (c Counted) MarshalGQLContext(ctx context.Context, w io.Writer) error {
	return graphql.MarshalString(string(c)).(graphql.ContextMarshaler).MarshalGQLContext(ctx, w)
}
