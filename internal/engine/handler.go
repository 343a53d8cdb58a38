package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Config is what the engine needs to know. Every part is required but
// Once, Lists, Documents, Admit, Charge, Turn, Mutate, Denied, Observer and Origins.
type Config struct {
	Table *policy.Table
	// Views are what introspection shows.
	Views *Views
	// Caller is what the caller of a request holds: the zero Set for a guest.
	Caller func(context.Context) policy.Set
	// TypeOf is the type that stands inside a global id, or "" for no id of ours.
	TypeOf func(id string) string
	// Present turns an error into what a client sees.
	Present graphql.ErrorPresenterFunc
	Log     *slog.Logger
	Denials Denials
	Limits  Limits
	// Once names the root fields, such as Mutation.signIn, of which an operation has
	// one at most: together they count as one. By aliases a request could otherwise
	// guess many passwords. It may be empty.
	Once []string
	// Lists has how long the lists are, by coordinate, that do not take first and may
	// be longer than most. It may be empty.
	Lists map[string]int
	// Documents are those that requests may name. It may be empty.
	Documents Documents
	// Admit lets an operation begin, before it is parsed, unless too many are under way; the function that it gives is
	// called when it is over. Its errors are *problem.Error. It may be nil.
	Admit func(context.Context) (over func(), err error)
	// Charge has the caller pay what an operation costs, before anything of it runs: about as many points as its answer
	// may have fields. A subscription pays for each event too. Its errors are *problem.Error. It may be nil.
	Charge func(ctx context.Context, cost int) error
	// Turn lets a query or mutation that costs so much do its work, when its turn has come; the function that it gives is
	// called when that is done. Its errors are *problem.Error. It may be nil.
	Turn func(ctx context.Context, cost int) (over func(), err error)
	// Mutate runs each root field of a mutation. It may be nil.
	Mutate Mutate
	// Denied is told what an operation was denied, with its context: once, or for a subscription once for each place where
	// something is. It must not take long. It may be nil.
	Denied func(context.Context, []Denial)
	// Observer is told what becomes of requests. It may be nil.
	Observer Observer
	// Streams is for subscriptions and WebSockets.
	Streams Streams
	// Origins are those of other sites whose pages may open WebSockets, such as https://app.example. It may be empty.
	Origins []string
	// Sockets bounds WebSockets.
	Sockets SocketLimits

	schema  *ast.Schema
	streams *streams
	tally   *sockets
	trusted *trustedDocuments
	catalog *catalog
	rules   [][]policy.Rule // by check, for the Observer

	plain  bool                    // for tests: everything runs by gqlgen's own executor
	around graphql.FieldMiddleware // for tests: what each field is resolved by way of, nil for none
}

// Handler serves a schema over HTTP.
type Handler struct {
	transport
}

// Close has the streams end, which have no end of their own, and waits for them as long as ctx lasts.
// Those that would begin later are refused.
func (h *Handler) Close(ctx context.Context) error { return h.streams.close(ctx) }

// NewHandler serves the sealed schema over HTTP, by POST and, for queries, by GET, and over WebSockets.
// It refuses a schema whose generated checks are of other rules than the table,
// and one that answers a guest who asks for a guarded field.
func NewHandler(es *Sealed, cfg Config) (*Handler, error) {
	if es == nil || cfg.Table == nil || cfg.Views == nil || cfg.Caller == nil || cfg.TypeOf == nil || cfg.Present == nil || cfg.Log == nil ||
		cfg.Streams.Authenticate == nil || cfg.Streams.Watch == nil || cfg.Streams.Over == nil {
		return nil, errors.New("the engine's configuration is incomplete")
	}
	cfg.streams, cfg.tally = newStreams(), newSockets()
	if err := es.matches(cfg.Table.Fingerprint()); err != nil {
		return nil, err
	}
	cfg.schema = es.Schema()
	cfg.rules = rulesOf(cfg.Table)
	cfg.catalog = cfg.newCatalog(es.stamp.Numbers)
	var err error
	if cfg.trusted, err = trustDocuments(cfg.schema, cfg.Documents.Trusted); err != nil {
		return nil, err
	}
	t, err := newTransport(newExecutor(es, &cfg))
	if err != nil {
		return nil, err
	}
	h := &Handler{t}
	if err := probe(h, &cfg); err != nil {
		return nil, err
	}
	return h, nil
}

// errPanic is presented as an internal error.
var errPanic = errors.New("the operation panicked")

// panicked logs a panic by its type and stack, as its text may hold data, and returns
// the error that stands for it.
func (c *Config) panicked(p any) error {
	c.Log.Error("panic while an operation ran", "panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
	return errPanic
}

// quietRules are the rules of validation in which no message suggests names that
// the caller did not know.
func quietRules() *rules.Rules {
	r := rules.NewDefaultRules()
	for _, quiet := range []core.Rule{
		rules.KnownArgumentNamesRuleWithoutSuggestions,
		rules.KnownTypeNamesRuleWithoutSuggestions,
		rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
		rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
		rules.ScalarLeafsRuleWithoutSuggestions,
	} {
		const suffix = "WithoutSuggestions"
		r.RemoveRule(quiet.Name[:len(quiet.Name)-len(suffix)])
		r.AddRule(quiet.Name, quiet.RuleFunc)
	}
	return r
}
