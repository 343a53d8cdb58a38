package engine

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/vektah/gqlparser/v2/ast"
)

const (
	// cachedDocuments is how many parsed and validated documents are kept, cachedText how many bytes their texts have
	// together, and cachedSize the longest has: longer ones are parsed each time. So the cache is bounded whatever fills it,
	// guests too.
	cachedDocuments = 10_000
	cachedText      = 8 << 20
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

// documents is the cache of documents by their texts, which throws out those that were asked for least lately. Trusted ones
// are in it from the start, apart from those that can push each other out.
type documents struct {
	trusted map[string]*document

	mu   sync.Mutex
	kept *simplelru.LRU[string, *document]
	text int // how many bytes the texts of the kept have
}

func newDocuments(c *Config) *documents {
	d := &documents{trusted: map[string]*document{}}
	d.kept, _ = simplelru.NewLRU(cachedDocuments, func(text string, _ *document) { d.text -= len(text) }) // fails for no size alone
	for text, parsed := range c.trusted.parsed {
		d.trusted[text] = newDocument(c.catalog, parsed, false)
	}
	return d
}

// get finds a document by its text, or gives nil.
func (d *documents) get(text string) *document {
	if doc := d.trusted[text]; doc != nil {
		return doc
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	doc, _ := d.kept.Get(text)
	return doc
}

// add keeps a document that is not too long.
func (d *documents) add(text string, doc *document) {
	if len(text) > cachedSize {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept.Remove(text) // another request may have been as fast
	d.kept.Add(text, doc)
	for d.text += len(text); d.text > cachedText; {
		d.kept.RemoveOldest()
	}
}
