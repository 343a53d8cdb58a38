package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/quota"
)

func (r account) Users(ctx context.Context, _ *model.Account, first *int, after *string, email *string, role *model.Role) (*model.UserConnection, error) {
	f := identity.UserFilter{Email: email, Role: (*policy.Role)(role)}
	c, err := r.connect(ctx, "Account.users", first, after, f)
	if err != nil {
		return nil, err
	}
	users, err := r.Root.Users.Users(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, users, func(cursor string, u model.User) *model.UserEdge {
		return &model.UserEdge{Cursor: cursor, Node: u}
	})
	return &model.UserConnection{Edges: all, PageInfo: info}, nil
}

func (r mutation) SetUserRoles(ctx context.Context, input model.SetUserRolesInput) (*model.SetUserRolesPayload, error) {
	sid, err := sidOf("User", input.UserID, "input", "userId")
	if err != nil {
		return nil, err
	}
	roles := make([]policy.Role, len(input.Roles))
	for i, role := range input.Roles {
		roles[i] = policy.Role(role)
	}
	if err := r.Identity.SetRoles(ctx, actor(ctx), sid, roles); err != nil {
		return nil, err
	}
	changed, err := r.Users.User(ctx, scope(ctx, "user"), sid)
	if err != nil {
		return nil, err
	}
	return &model.SetUserRolesPayload{User: changed}, nil
}

func (r mutation) AcceptInvitation(ctx context.Context, input model.AcceptInvitationInput) (*model.AcceptInvitationPayload, error) {
	if !r.LocalSignIn {
		return nil, errNoPasswords()
	}
	if err := r.Attempts.Address(ctx, quota.AcceptInvitation); err != nil {
		return nil, err
	}
	email, err := r.Identity.Accept(ctx, input.Token, input.Password)
	if err != nil {
		return nil, err
	}
	return &model.AcceptInvitationPayload{Email: email}, nil
}
