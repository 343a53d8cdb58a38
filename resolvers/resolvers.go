// Package resolvers answers the fields of the schema, a few lines each: it hands a
// field's arguments, the caller's account and the fields that may be read to an
// upstream, and what comes back to the engine. It decides nothing; that a resolver
// runs means that its field was permitted.
package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/quota"
	"github.com/fieldgate/fieldgate/internal/relay"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// Root is what the resolvers work with. Every part is required.
type Root struct {
	Upstream upstream.Upstream
	Events   upstream.LogEvents
	Users    identity.Users
	Identity *identity.Service
	Auth     *auth.Service
	Matrix   *policy.Matrix
	Cursors  *relay.Cursors
	Attempts *quota.Attempts
	Audit    *audit.Recorder
	// LocalSignIn says whether people sign in with a password here, and not only through their identity provider.
	LocalSignIn bool
}

// Query resolves the fields of Query.
func (r *Root) Query() graph.QueryResolver { return query{r} }

// Mutation resolves the fields of Mutation.
func (r *Root) Mutation() graph.MutationResolver { return mutation{r} }

// Subscription resolves the fields of Subscription.
func (r *Root) Subscription() graph.SubscriptionResolver { return subscription{r} }

// Account resolves the fields of Account that an upstream is asked for.
func (r *Root) Account() graph.AccountResolver { return account{r} }

// FunctionService resolves the fields of FunctionService that are not kept with the service.
func (r *Root) FunctionService() graph.FunctionServiceResolver { return functionService{r} }

// Flex resolves the fields of Flex.
func (r *Root) Flex() graph.FlexResolver { return flex{r} }

// User resolves the fields of User that are not kept with the user.
func (r *Root) User() graph.UserResolver { return user{r} }

type (
	query           struct{ *Root }
	mutation        struct{ *Root }
	subscription    struct{ *Root }
	account         struct{ *Root }
	functionService struct{ *Root }
	flex            struct{ *Root }
	user            struct{ *Root }
)

// scope binds a call to the caller's account and to the fields below the resolved
// field, at these paths, that the operation selects and the caller may read.
func scope(ctx context.Context, paths ...string) upstream.Scope {
	return upstream.NewScope(auth.From(ctx).Account, engine.Fields(ctx, paths...))
}

// change is scope for a mutation: what is changed under it is written into the audit trail, as this field's doing.
func change(ctx context.Context, paths ...string) upstream.Change {
	return upstream.NewChange(scope(ctx, paths...), audit.From(ctx))
}
