package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/upstream"
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
	if err := notMasked(input.Name, "input", "name"); err != nil {
		return nil, err
	}
	n := identity.NewClient{Name: input.Name, Grants: policyGrants(input.Grants), Expires: input.ExpiresAt}
	if input.IdempotencyKey != nil {
		n.Idempotency = &upstream.Idempotency{Principal: auth.From(ctx).SID(), Key: *input.IdempotencyKey}
	}
	client, position, secret, err := r.Identity.CreateClient(ctx, actor(ctx), scope(ctx, "oauthClient", "oauthClientEdge.node"), n)
	if err != nil {
		return nil, err
	}
	c, err := r.connect(ctx, oauthClients, nil, nil, identity.ClientFilter{})
	if err != nil {
		return nil, err
	}
	edge := oauthClientEdge(c.cursors.Encode(c.scope, position), *client)
	return &model.CreateOAuthClientPayload{OauthClient: client, OauthClientEdge: edge, Secret: secret}, nil
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
	if err := r.Identity.DeleteClient(ctx, actor(ctx), sid); err != nil {
		return nil, err
	}
	return &model.DeleteOAuthClientPayload{DeletedOAuthClientID: input.ID}, nil
}
