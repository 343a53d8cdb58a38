package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/relay"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// apiKeys names the list in its cursors, which an edge of a new key shares.
const apiKeys = "Account.apiKeys"

func (r account) APIKeys(ctx context.Context, _ *model.Account, first *int, after *string, friendlyName *string) (*model.APIKeyConnection, error) {
	f := upstream.APIKeyFilter{FriendlyName: friendlyName}
	c, err := r.connect(ctx, apiKeys, first, after, f)
	if err != nil {
		return nil, err
	}
	keys, err := r.Upstream.APIKeys(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, keys, apiKeyEdge)
	return &model.APIKeyConnection{Edges: all, PageInfo: info}, nil
}

func apiKeyEdge(cursor string, key model.APIKey) *model.APIKeyEdge {
	return &model.APIKeyEdge{Cursor: cursor, Node: key}
}

func (r mutation) CreateAPIKey(ctx context.Context, input model.CreateAPIKeyInput) (*model.CreateAPIKeyPayload, error) {
	made, err := r.Upstream.CreateAPIKey(ctx, change(ctx, "apiKey", "apiKeyEdge.node"), input)
	if err != nil {
		return nil, err
	}
	cursor, err := r.cursor(ctx, apiKeys, made.Position, upstream.APIKeyFilter{})
	if err != nil {
		return nil, err
	}
	return &model.CreateAPIKeyPayload{APIKey: made.Object, APIKeyEdge: apiKeyEdge(cursor, *made.Object), Secret: made.Secret}, nil
}

func (r mutation) UpdateAPIKey(ctx context.Context, input model.UpdateAPIKeyInput) (*model.UpdateAPIKeyPayload, error) {
	sid, err := sidOf("ApiKey", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	key, err := r.Upstream.UpdateAPIKey(ctx, change(ctx, "apiKey"), sid, input)
	if err != nil {
		return nil, err
	}
	return &model.UpdateAPIKeyPayload{APIKey: key}, nil
}

func (r mutation) DeleteAPIKey(ctx context.Context, input model.DeleteAPIKeyInput) (*model.DeleteAPIKeyPayload, error) {
	sid, err := sidOf("ApiKey", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	if err := r.Upstream.DeleteAPIKey(ctx, change(ctx), sid); err != nil {
		return nil, err
	}
	return &model.DeleteAPIKeyPayload{DeletedAPIKeyID: input.ID}, nil
}

func (r mutation) RotateAuthToken(ctx context.Context, input model.RotateAuthTokenInput) (*model.RotateAuthTokenPayload, error) {
	who := actor(ctx)
	if err := who.Person("rotates the auth token"); err != nil {
		return nil, err
	}
	sid, err := sidOf("Account", input.AccountID, "input", "accountId")
	if err != nil {
		return nil, err
	}
	if sid != who.Account {
		return nil, problem.Missing()
	}
	token, err := r.Upstream.RotateAuthToken(ctx, change(ctx))
	if err != nil {
		return nil, err
	}
	return &model.RotateAuthTokenPayload{AuthToken: token.Secret, DateRotated: token.Rotated}, nil
}

// sidOf is the SID in a global id that must be of this type.
func sidOf(typeName, id string, path ...string) (string, error) {
	of, sid, ok := relay.ParseID(id)
	if !ok || of != typeName {
		return "", problem.Input("This is no id of the type "+typeName+".", path...)
	}
	return sid, nil
}
