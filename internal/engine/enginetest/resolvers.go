package enginetest

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/model"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/plain"
)

// New is the guarded schema, whose fields are answered after their checks.
func New() *engine.Sealed {
	return NewGuardedSchema(Config{Resolvers: root{}})
}

// NewPlain is the schema as gqlgen generates it: its own directive calls are its only checks.
func NewPlain(directives plain.DirectiveRoot) graphql.ExecutableSchema {
	return plain.NewExecutableSchema(plain.Config{Resolvers: plainRoot{}, Directives: directives})
}

// TypeOf is the type that stands inside an id of the tests' schema, such as "Call:1".
func TypeOf(id string) string {
	name, _, _ := strings.Cut(id, ":")
	return name
}

type (
	root         struct{}
	plainRoot    struct{}
	query        struct{}
	mutation     struct{}
	subscription struct{}
)

func (root) Query() QueryResolver               { return query{} }
func (root) Mutation() MutationResolver         { return mutation{} }
func (root) Subscription() SubscriptionResolver { return subscription{} }

func (plainRoot) Query() plain.QueryResolver               { return query{} }
func (plainRoot) Mutation() plain.MutationResolver         { return mutation{} }
func (plainRoot) Subscription() plain.SubscriptionResolver { return subscription{} }

func (query) Page(ctx context.Context) (*model.Page, error) {
	return model.NewPage(), model.Visit(ctx, "Query.page")
}

func (query) Hello(ctx context.Context, _ *model.Counted) (*string, error) {
	return new("⟦Query.hello⟧"), model.Visit(ctx, "Query.hello")
}

func (query) Node(ctx context.Context, id string) (model.Node, error) {
	err := model.Visit(ctx, "Query.node")
	switch id {
	case "Call:1":
		return model.NewCall(), err
	case "Key:1":
		return model.NewKey(), err
	case "Page:1":
		return model.NewPage(), err
	}
	return nil, err
}

func (query) Things(ctx context.Context, first *int) ([]model.Thing, error) {
	if first == nil {
		first = new(3)
	}
	return model.Things()[:min(*first, 3)], model.Visit(ctx, "Query.things")
}

func (query) Results(ctx context.Context) ([]model.Result, error) {
	return model.Results(), model.Visit(ctx, "Query.results")
}

func (query) Calls(ctx context.Context, first *int, _, _ *string, _ *model.CallWhere) ([]*model.Call, error) {
	return model.Calls(first), model.Visit(ctx, "Query.calls")
}

func (query) Grid(ctx context.Context) ([][]*model.Call, error) {
	return [][]*model.Call{{model.NewCall(), model.NewCall()}, {model.NewCall()}}, model.Visit(ctx, "Query.grid")
}

func (query) Key(ctx context.Context, _ *model.Counted) (*model.Key, error) {
	return model.NewKey(), model.Visit(ctx, "Query.key")
}

func (query) Search(ctx context.Context, _, _ *string) (*string, error) {
	return new("⟦Query.search⟧"), model.Visit(ctx, "Query.search")
}

func (mutation) Touch(ctx context.Context) (*model.TouchPayload, error) {
	return &model.TouchPayload{Page: model.NewPage()}, model.Visit(ctx, "Mutation.touch")
}

func (mutation) Rename(ctx context.Context, _ model.RenameInput) (*model.RenamePayload, error) {
	return &model.RenamePayload{Page: model.NewPage(), Call: model.NewCall()}, model.Visit(ctx, "Mutation.rename")
}

func (mutation) CreateKey(ctx context.Context, _ model.CreateKeyInput) (*model.CreateKeyPayload, error) {
	return &model.CreateKeyPayload{Key: model.NewKey()}, model.Visit(ctx, "Mutation.createKey")
}

func (mutation) Ping(ctx context.Context) (*string, error) {
	return new("pong"), model.Visit(ctx, "Mutation.ping")
}

func (subscription) Calls(ctx context.Context) (<-chan *model.Call, error) {
	return model.Events(ctx), model.Visit(ctx, "Subscription.calls")
}
