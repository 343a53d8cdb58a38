package engine

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// Events subscribes as the transports do: next gives one answer after the other, and nil when there are no more.
func (h *Handler) Events(ctx context.Context, query string) (next func() *graphql.Response) {
	op, faults := h.exec.prepare(ctx, &graphql.RawParams{Query: query})
	events := once(h.exec.reject(ctx, faults))
	if faults == nil {
		events = h.exec.events(ctx, op)
	}
	return func() *graphql.Response {
		event := events()
		if event == nil {
			return nil
		}
		return &graphql.Response{Data: event.Data, Errors: append(event.Errors, errorsOfEach(event.denied)...), Extensions: event.Extensions}
	}
}

// Plain has every operation run by gqlgen's own executor and its inline checks, for tests that compare.
func Plain(cfg Config) Config {
	cfg.plain = true
	return cfg
}

// Around has each field resolved by way of around, for tests that answer in the place of resolvers.
func Around(cfg Config, around graphql.FieldMiddleware) Config {
	cfg.around = around
	return cfg
}

// Kept is how many views are kept.
func (v *Views) Kept() int { return len(v.kept) }

// MaxViews is how many may be.
const MaxViews = maxViews

// SetTimes says how often streams say something, and how long one write may take.
func (h *Handler) SetTimes(keepAlive, patience time.Duration) {
	h.streams.keepAlive, h.streams.patience = keepAlive, patience
}
