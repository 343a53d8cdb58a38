package engine

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/manifest"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
)

// Documents says which documents requests may name instead of sending them. The zero value has none.
type Documents struct {
	// Trusted are those that whoever runs the gateway has listed.
	Trusted []manifest.Document
	// Only has everything else refused.
	Only bool
	// Automatic are those that clients register by sending them once, or nil.
	Automatic Automatic
}

// Automatic keeps documents by the SHA-256 of their text in hexadecimal. What it does not find is sent again.
type Automatic interface {
	Load(ctx context.Context, hash string) (text string, known bool)
	Save(ctx context.Context, hash, text string)
}

// nameKey is where a document's name is kept among a request's extensions until its text is found.
const nameKey = "FieldgateDocument"

// documentName names the document of a request. No request has a value of this type.
type documentName string

// longestName bounds what names a document.
const longestName = 512

// nameOf is how a request's members name its document, or "": by documentId (GraphQL over HTTP, appendix Persisted
// Documents), by doc_id, as requests of Relay do, or by extensions.persistedQuery, as Apollo's do, which may come with the
// text. Such a text must have the hash that it comes with.
func nameOf(m *members) (documentName, error) {
	query, _ := m[memberQuery].(string)
	var name string
	for _, member := range [...]int{memberDocumentID, memberDocID} {
		v := m[member]
		if v == nil {
			continue
		}
		text, ok := v.(string)
		switch {
		case !ok || text == "" || len(text) > longestName:
			return "", badRequest("The %s of a request is a text of at most %d bytes.", memberNames[member], longestName)
		case query != "" || name != "":
			return "", badRequest("A request has a query, or names one document.")
		}
		name = text
	}
	extensions, _ := m[memberExtensions].(map[string]any)
	v := extensions["persistedQuery"]
	if v == nil {
		return documentName(name), nil
	}
	persisted, _ := v.(map[string]any)
	hash, ok := persisted["sha256Hash"].(string)
	switch {
	case !ok || hash == "" || len(hash) > longestName:
		return "", badRequest("The extension persistedQuery has a sha256Hash, which is a text of at most %d bytes.", longestName)
	case persisted["version"] != json.Number("1"):
		return "", badRequest("Unsupported persisted query version") // in Apollo's words, as the next
	case query != "" && hash != manifest.HashOf(query):
		return "", badRequest("provided sha does not match query")
	case name != "" && name != hash:
		return "", badRequest("A request has a query, or names one document.")
	}
	return documentName(hash), nil
}

// named is what is known of the text that a request sends or names.
type named struct {
	trusted  bool   // it is that of a trusted document: whoever runs the gateway has read it and listed it
	register string // the hash by which it is to be kept, or ""
}

// find puts the text that a request names into it, and refuses what is not trusted where nothing else may run. What it gives
// passes through everything that a text which was sent does.
func (c *Config) find(ctx context.Context, params *graphql.RawParams) (named, *gqlerror.Error) {
	name, _ := params.Extensions[nameKey].(documentName)
	delete(params.Extensions, nameKey)
	sent := params.Query != ""
	if !sent && name != "" {
		var known bool
		if params.Query, known = c.text(ctx, string(name)); !known {
			return named{}, &gqlerror.Error{ // in Apollo's words, by which clients know that they are to send the text
				Message:    "PersistedQueryNotFound",
				Extensions: map[string]any{"code": problem.PersistedQueryNotFound},
			}
		}
	}
	switch {
	case c.trusted.parsed[params.Query] != nil:
		return named{trusted: true}, nil
	case c.Documents.Only && ctx.Value(probing{}) == nil:
		return named{}, &gqlerror.Error{
			Message:    "This gateway runs trusted documents only, and this is none.",
			Extensions: map[string]any{"code": problem.Forbidden},
		}
	case sent && name != "" && c.Documents.Automatic != nil:
		return named{register: string(name)}, nil
	}
	return named{}, nil
}

// text is that of a document, by its id or by its hash.
func (c *Config) text(ctx context.Context, name string) (text string, known bool) {
	if text, known = c.trusted.byID[name]; known {
		return text, true
	}
	hash, is := manifest.Hash(name)
	if !is {
		return "", false
	}
	if text, known = c.trusted.byHash[hash]; known || c.Documents.Only || c.Documents.Automatic == nil {
		return text, known
	}
	return c.Documents.Automatic.Load(ctx, hash)
}

// register keeps the text of an operation that is about to run, for callers who are signed in: guests
// could fill the store with whatever they like.
func (c *Config) register(ctx context.Context, op *graphql.OperationContext, d *Decision) {
	if d.register != "" && c.Caller(ctx).SignedIn() && !literal(op) {
		c.Documents.Automatic.Save(ctx, d.register, op.RawQuery)
	}
}

// literal says whether a document with a mutation has texts written into it, which can be anything, such as a password.
// Those of queries are not taken for secrets, and clients that register documents have variables.
func literal(op *graphql.OperationContext) bool {
	if !slices.ContainsFunc(op.Doc.Operations, func(o *ast.OperationDefinition) bool { return o.Operation == ast.Mutation }) {
		return false
	}
	l := lexer.New(&ast.Source{Input: op.RawQuery})
	for {
		token, err := l.ReadToken()
		switch {
		case err != nil || token.Kind == lexer.String || token.Kind == lexer.BlockString:
			return true
		case token.Kind == lexer.EOF:
			return false
		}
	}
}

// withName puts the name of a document among a request's extensions, for find.
func withName(extensions map[string]any, name documentName) map[string]any {
	if name == "" {
		return extensions
	}
	if extensions == nil {
		extensions = map[string]any{}
	}
	extensions[nameKey] = name
	return extensions
}
