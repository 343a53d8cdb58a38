package engine

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

const (
	// cachedDocuments is how many parsed and validated documents are kept, and
	// cachedSize the length of the longest. Together they bound what the cache can
	// be made to hold, also by guests; longer documents are parsed each time.
	cachedDocuments = 1000
	cachedSize      = 8 << 10
)

// documents is the cache of parsed and validated documents.
type documents struct {
	graphql.Cache[*ast.QueryDocument]
}

// Add keeps a document that is not too long.
func (d documents) Add(ctx context.Context, query string, document *ast.QueryDocument) {
	if len(query) <= cachedSize {
		d.Cache.Add(ctx, query, document)
	}
}
