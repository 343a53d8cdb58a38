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

// Where a document's name is kept: nameKey on the way from a request to its operation, of a type that no request has,
// and registerKey on the operation of which the text is to be kept.
const (
	nameKey     = "FieldgateDocument"
	registerKey = "FieldgateRegister"
)

// documentName names the document of a request.
type documentName string

// longestName bounds what names a document.
const longestName = 512

// nameOf is how a request's members name its document, or "": by documentId (GraphQL over HTTP, appendix Persisted
// Documents), by doc_id, as requests of Relay do, or by extensions.persistedQuery, as Apollo's do, which may come with the
// text. Such a text must have the hash that it comes with.
func nameOf(members map[string]any) (documentName, error) {
	query, _ := members["query"].(string)
	var name string
	for _, member := range []string{"documentId", "doc_id"} {
		v := members[member]
		if v == nil {
			continue
		}
		text, ok := v.(string)
		switch {
		case !ok || text == "" || len(text) > longestName:
			return "", badRequest("The %s of a request is a text of at most %d bytes.", member, longestName)
		case query != "" || name != "":
			return "", badRequest("A request has a query, or names one document.")
		}
		name = text
	}
	extensions, _ := members["extensions"].(map[string]any)
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

// persisted gives operations the texts that their requests name. It is a gqlgen extension, so that every transport
// passes through it; what it gives passes through everything that a text which was sent does.
type persisted struct{ Config }

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
	graphql.OperationInterceptor
} = persisted{}

// ExtensionName names the extension for gqlgen.
func (persisted) ExtensionName() string { return "FieldgatePersisted" }

// Validate is called by gqlgen when the extension is put to use.
func (persisted) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters puts the text in, marks a trusted one, and refuses what is not trusted where nothing else
// may run.
func (p persisted) MutateOperationParameters(ctx context.Context, params *graphql.RawParams) *gqlerror.Error {
	name, _ := params.Extensions[nameKey].(documentName)
	delete(params.Extensions, nameKey)
	sent := params.Query != ""
	if !sent && name != "" {
		var known bool
		if params.Query, known = p.find(ctx, string(name)); !known {
			return &gqlerror.Error{ // in Apollo's words, by which clients know that they are to send the text
				Message:    "PersistedQueryNotFound",
				Extensions: map[string]any{"code": problem.PersistedQueryNotFound},
			}
		}
	}
	op := graphql.GetOperationContext(ctx)
	switch {
	case p.trusted.parsed[params.Query] != nil:
		trust(op)
	case p.Documents.Only && ctx.Value(probing{}) == nil:
		return &gqlerror.Error{
			Message:    "This gateway runs trusted documents only, and this is none.",
			Extensions: map[string]any{"code": problem.Forbidden},
		}
	case sent && name != "" && p.Documents.Automatic != nil:
		op.Stats.SetExtension(registerKey, string(name))
	}
	return nil
}

// find is the text of a document, by its id or by its hash.
func (p persisted) find(ctx context.Context, name string) (text string, known bool) {
	if text, known = p.trusted.byID[name]; known {
		return text, true
	}
	hash, is := manifest.Hash(name)
	if !is {
		return "", false
	}
	if text, known = p.trusted.byHash[hash]; known || p.Documents.Only || p.Documents.Automatic == nil {
		return text, known
	}
	return p.Documents.Automatic.Load(ctx, hash)
}

// InterceptOperation registers the text of an operation that is about to run, for callers who are signed in: guests
// could fill the store with whatever they like.
func (p persisted) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	hash, ok := op.Stats.GetExtension(registerKey).(string)
	if ok && p.Caller(ctx).SignedIn() && !literal(op) {
		p.Documents.Automatic.Save(ctx, hash, op.RawQuery)
	}
	return next(ctx)
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

// withName puts the name of a document among a request's extensions, on its way to MutateOperationParameters.
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
