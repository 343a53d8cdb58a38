package engine

import (
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
)

// TestDocuments: a guest can fill the cache with what they like, but not with long documents.
func TestDocuments(t *testing.T) {
	kept := graphql.MapCache[*document]{}
	listed := &document{}
	d := documents{kept, map[string]*document{"{ listed }": listed}}
	short, long := strings.Repeat("x", cachedSize), strings.Repeat("x", cachedSize+1)
	d.Add(t.Context(), short, &document{})
	d.Add(t.Context(), long, &document{})
	if _, ok := d.Get(t.Context(), short); !ok {
		t.Error("a short document is not kept")
	}
	if _, ok := d.Get(t.Context(), long); ok {
		t.Error("a long document is kept")
	}
	if got, _ := d.Get(t.Context(), "{ listed }"); got != listed {
		t.Error("a trusted document is not there")
	}
}
