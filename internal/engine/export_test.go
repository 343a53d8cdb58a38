package engine

import (
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// NewAuthorizer is the extension that decides, for tests that put it on a server of their own.
func NewAuthorizer(cfg Config, schema *ast.Schema) graphql.HandlerExtension {
	cfg.schema, cfg.sizes = schema, introspectionSizes(schema)
	cfg.catalog = cfg.newCatalog(nil)
	return authorizer{cfg}
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
