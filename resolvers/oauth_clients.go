package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/identity"
)

// oauthClients names the list in its cursors, which an edge of a new client shares.
const oauthClients = "Account.oauthClients"

func (r account) OauthClients(ctx context.Context, _ *model.Account, first *int, after *string, name *string, createdBySid *string) (*model.OAuthClientConnection, error) {
	f := identity.ClientFilter{Name: name, CreatedBySID: createdBySid}
	c, err := r.connect(ctx, oauthClients, first, after, f)
	if err != nil {
		return nil, err
	}
	clients, err := r.Root.Users.OAuthClients(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, clients, oauthClientEdge)
	return &model.OAuthClientConnection{Edges: all, PageInfo: info}, nil
}

func oauthClientEdge(cursor string, client model.OAuthClient) *model.OAuthClientEdge {
	return &model.OAuthClientEdge{Cursor: cursor, Node: client}
}

func (r mutation) CreateOAuthClient(ctx context.Context, input model.CreateOAuthClientInput) (*model.CreateOAuthClientPayload, error) {
	made, err := r.Identity.CreateClient(ctx, actor(ctx), change(ctx, "oauthClient", "oauthClientEdge.node"), identity.NewClient{
		Name: input.Name, Grants: policyGrants(input.Grants), Expires: input.ExpiresAt.Value(), IdempotencyKey: input.IdempotencyKey,
	})
	if err != nil {
		return nil, err
	}
	cursor, err := r.cursor(ctx, oauthClients, made.Position, identity.ClientFilter{})
	if err != nil {
		return nil, err
	}
	return &model.CreateOAuthClientPayload{
		OauthClient: made.Object, OauthClientEdge: oauthClientEdge(cursor, *made.Object), Secret: made.Secret,
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
	sid, err := sidOf("OAuthClient", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	if err := r.Identity.DeleteClient(ctx, actor(ctx), change(ctx), sid); err != nil {
		return nil, err
	}
	return &model.DeleteOAuthClientPayload{DeletedOAuthClientID: input.ID}, nil
}
