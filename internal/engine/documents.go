package engine

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
)

const (
	// cachedDocuments is how many parsed and validated documents are kept, and
	// cachedSize the length of the longest. Together they bound what the cache can
	// be made to hold, also by guests; longer documents are parsed each time.
	cachedDocuments = 1000
	cachedSize      = 8 << 10
)

// document is one that was parsed and validated, with the plans of its operations.
type document struct {
	*ast.QueryDocument
	operations []*plans
}

// newDocument prepares the operations of a valid document. Passing says that it is not kept.
func newDocument(k *catalog, parsed *ast.QueryDocument, passing bool) *document {
	d := &document{parsed, make([]*plans, len(parsed.Operations))}
	for i, op := range parsed.Operations {
		d.operations[i] = newPlans(k, parsed, op, passing)
	}
	return d
}

// operation is the one of a name, or the only one when there is no name (GraphQL, section 6.1: GetOperation); nil when there is none such.
func (d *document) operation(name string) *plans {
	if name == "" && len(d.operations) == 1 {
		return d.operations[0]
	}
	for _, o := range d.operations {
		if o.definition.Name == name {
			return o
		}
	}
	return nil
}

// documents is the cache of documents. Trusted ones are in it from the start, apart from those that can push each other out.
type documents struct {
	graphql.Cache[*document]
	trusted map[string]*document
}

func newDocuments(c *Config) documents {
	d := documents{lru.New[*document](cachedDocuments), map[string]*document{}}
	for text, parsed := range c.trusted.parsed {
		d.trusted[text] = newDocument(c.catalog, parsed, false)
	}
	return d
}

// Get finds a document by its text.
func (d documents) Get(ctx context.Context, query string) (*document, bool) {
	if document, ok := d.trusted[query]; ok {
		return document, true
	}
	return d.Cache.Get(ctx, query)
}

// Add keeps a document that is not too long.
func (d documents) Add(ctx context.Context, query string, doc *document) {
	if len(query) <= cachedSize {
		d.Cache.Add(ctx, query, doc)
	}
}
