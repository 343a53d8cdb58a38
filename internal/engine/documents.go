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

// documents is the cache of parsed and validated documents. Trusted ones are in it from the start, apart from those
// that can push each other out.
type documents struct {
	graphql.Cache[*ast.QueryDocument]
	trusted map[string]*ast.QueryDocument
}

func newDocuments(t *trustedDocuments) documents {
	return documents{lru.New[*ast.QueryDocument](cachedDocuments), t.parsed}
}

// Get finds a document by its text.
func (d documents) Get(ctx context.Context, query string) (*ast.QueryDocument, bool) {
	if document, ok := d.trusted[query]; ok {
		return document, true
	}
	return d.Cache.Get(ctx, query)
}

// Add keeps a document that is not too long.
func (d documents) Add(ctx context.Context, query string, document *ast.QueryDocument) {
	if len(query) <= cachedSize {
		d.Cache.Add(ctx, query, document)
	}
}
