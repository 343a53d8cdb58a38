package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/identity"
)

func (r account) OauthClients(ctx context.Context, _ *model.Account, first *int, after *string, name *string, createdBySid *string) (*model.OAuthClientConnection, error) {
	return list[model.OAuthClientConnection](ctx, r.Root, first, after, identity.ClientFilter{Name: name, CreatedBySID: createdBySid}, r.Root.Users.OAuthClients)
}

func (r mutation) CreateOAuthClient(ctx context.Context, input model.CreateOAuthClientInput) (*model.CreateOAuthClientPayload, error) {
	made, err := r.Identity.CreateClient(ctx, actor(ctx), change(ctx, "oauthClient", "oauthClientEdge.node"), identity.NewClient{
		Name: input.Name, Grants: policyGrants(input.Grants), Expires: input.ExpiresAt.Value(), IdempotencyKey: input.IdempotencyKey,
	})
	if err != nil {
		return nil, err
	}
	return &model.CreateOAuthClientPayload{
		OauthClient: made.Object, OauthClientEdge: newEdge[model.OAuthClientEdge](ctx, r.Root, "Account.oauthClients", made), Secret: made.Secret,
	}, nil
}

func policyGrants(given []*model.OAuthGrantInput) []policy.Grant {
	grants := make([]policy.Grant, len(given))
	for i, g := range given {
		grants[i].Permission = policy.Permission(g.Permission)
		for _, a := range g.Actions {
			grants[i].Actions = append(grants[i].Actions, policy.Action(a))
		}
	}
	return grants
}

func (r mutation) DeleteOAuthClient(ctx context.Context, input model.DeleteOAuthClientInput) (*model.DeleteOAuthClientPayload, error) {
	sid, err := check.ID("OAuthClient", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	if err := r.Identity.DeleteClient(ctx, actor(ctx), change(ctx), sid); err != nil {
		return nil, err
	}
	return &model.DeleteOAuthClientPayload{DeletedOAuthClientID: input.ID}, nil
}
