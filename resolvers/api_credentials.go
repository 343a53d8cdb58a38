package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func (r account) APIKeys(ctx context.Context, _ *model.Account, first *int, after *string, friendlyName *string) (*model.APIKeyConnection, error) {
	return list[model.APIKeyConnection](ctx, r.Root, first, after, upstream.APIKeyFilter{FriendlyName: friendlyName}, r.Upstream.APIKeys)
}

func (r mutation) CreateAPIKey(ctx context.Context, input model.CreateAPIKeyInput) (*model.CreateAPIKeyPayload, error) {
	made, err := r.Upstream.CreateAPIKey(ctx, change(ctx, "apiKey", "apiKeyEdge.node"), input)
	if err != nil {
		return nil, err
	}
	return &model.CreateAPIKeyPayload{APIKey: made.Object, APIKeyEdge: newEdge[model.APIKeyEdge](ctx, r.Root, "Account.apiKeys", made), Secret: made.Secret}, nil
}

func (r mutation) UpdateAPIKey(ctx context.Context, input model.UpdateAPIKeyInput) (*model.UpdateAPIKeyPayload, error) {
	sid, err := check.ID("ApiKey", input.ID, "input", "id")
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
	sid, err := check.ID("ApiKey", input.ID, "input", "id")
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
	sid, err := check.ID("Account", input.AccountID, "input", "accountId")
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
