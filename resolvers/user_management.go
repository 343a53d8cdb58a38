package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/quota"
)

func (r account) Users(ctx context.Context, _ *model.Account, first *int, after *string, email *string, role *model.Role) (*model.UserConnection, error) {
	return list[model.UserConnection](ctx, r.Root, first, after, identity.UserFilter{Email: email, Role: (*policy.Role)(role)}, r.Root.Users.Users)
}

func (r account) Invitations(ctx context.Context, _ *model.Account, first *int, after *string, email *string) (*model.InvitationConnection, error) {
	return list[model.InvitationConnection](ctx, r.Root, first, after, identity.InvitationFilter{Email: email}, r.Root.Users.Invitations)
}

func (r mutation) InviteUser(ctx context.Context, input model.InviteUserInput) (*model.InviteUserPayload, error) {
	made, err := r.Identity.Invite(ctx, actor(ctx), change(ctx, "invitation", "invitationEdge.node"), identity.Invitee{
		Email: input.Email, Name: input.Name.Value(), Roles: policyRoles(input.Roles), IdempotencyKey: input.IdempotencyKey,
	})
	if err != nil {
		return nil, err
	}
	return &model.InviteUserPayload{Invitation: made.Object, InvitationEdge: newEdge[model.InvitationEdge](ctx, r.Root, "Account.invitations", made)}, nil
}

func (r mutation) ResendInvitation(ctx context.Context, input model.ResendInvitationInput) (*model.ResendInvitationPayload, error) {
	sid, err := check.ID("Invitation", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	sent, err := r.Identity.Resend(ctx, actor(ctx), change(ctx, "invitation"), sid)
	if err != nil {
		return nil, err
	}
	return &model.ResendInvitationPayload{Invitation: sent}, nil
}

func (r mutation) RevokeInvitation(ctx context.Context, input model.RevokeInvitationInput) (*model.RevokeInvitationPayload, error) {
	sid, err := check.ID("Invitation", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	if err := r.Identity.Revoke(ctx, actor(ctx), change(ctx), sid); err != nil {
		return nil, err
	}
	return &model.RevokeInvitationPayload{RevokedInvitationID: input.ID}, nil
}

func (r mutation) RemoveUser(ctx context.Context, input model.RemoveUserInput) (*model.RemoveUserPayload, error) {
	sid, err := check.ID("User", input.UserID, "input", "userId")
	if err != nil {
		return nil, err
	}
	if err := r.Identity.Remove(ctx, actor(ctx), change(ctx), sid); err != nil {
		return nil, err
	}
	return &model.RemoveUserPayload{RemovedUserID: input.UserID}, nil
}

func (r mutation) TransferOwnership(ctx context.Context, input model.TransferOwnershipInput) (*model.TransferOwnershipPayload, error) {
	sid, err := check.ID("User", input.UserID, "input", "userId")
	if err != nil {
		return nil, err
	}
	if err := r.Identity.Transfer(ctx, actor(ctx), change(ctx, "owner"), sid); err != nil {
		return nil, err
	}
	owner, err := r.Users.User(ctx, scope(ctx, "owner"), sid)
	if err != nil {
		return nil, err
	}
	return &model.TransferOwnershipPayload{Owner: owner}, nil
}

func (r mutation) SetUserRoles(ctx context.Context, input model.SetUserRolesInput) (*model.SetUserRolesPayload, error) {
	sid, err := check.ID("User", input.UserID, "input", "userId")
	if err != nil {
		return nil, err
	}
	if err := r.Identity.SetRoles(ctx, actor(ctx), change(ctx, "user"), sid, policyRoles(input.Roles)); err != nil {
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
	email, err := r.Identity.Accept(ctx, change(ctx), input.Token, input.Password)
	if err != nil {
		return nil, err
	}
	return &model.AcceptInvitationPayload{Email: email}, nil
}

func policyRoles(given []model.Role) []policy.Role {
	roles := make([]policy.Role, len(given))
	for i, role := range given {
		roles[i] = policy.Role(role)
	}
	return roles
}
