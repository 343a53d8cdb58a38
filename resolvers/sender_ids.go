package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// senderIDs names the list in its cursors, which an edge of a new registration shares.
const senderIDs = "Account.senderIdRegistrations"

func (r account) SenderIDRegistrations(
	ctx context.Context, _ *model.Account, first *int, after *string, status *model.SenderIDStatus, isoCountry, senderID *string,
) (*model.SenderIDRegistrationConnection, error) {
	f := upstream.SenderIDFilter{Status: status, IsoCountry: isoCountry, SenderID: senderID}
	c, err := r.connect(ctx, senderIDs, first, after, f)
	if err != nil {
		return nil, err
	}
	registrations, err := r.Upstream.SenderIDRegistrations(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, registrations, senderIDEdge)
	return &model.SenderIDRegistrationConnection{Edges: all, PageInfo: info}, nil
}

func senderIDEdge(cursor string, registration model.SenderIDRegistration) *model.SenderIDRegistrationEdge {
	return &model.SenderIDRegistrationEdge{Cursor: cursor, Node: registration}
}

func (r mutation) SubmitSenderIDRegistration(
	ctx context.Context, input model.SubmitSenderIDRegistrationInput,
) (*model.SubmitSenderIDRegistrationPayload, error) {
	made, err := r.Upstream.SubmitSenderIDRegistration(ctx, change(ctx, "senderIdRegistration", "senderIdRegistrationEdge.node"), input)
	if err != nil {
		return nil, err
	}
	cursor, err := r.cursor(ctx, senderIDs, made.Position, upstream.SenderIDFilter{})
	if err != nil {
		return nil, err
	}
	return &model.SubmitSenderIDRegistrationPayload{
		SenderIDRegistration: made.Object, SenderIDRegistrationEdge: senderIDEdge(cursor, *made.Object),
	}, nil
}

func (r mutation) DeleteSenderIDRegistration(
	ctx context.Context, input model.DeleteSenderIDRegistrationInput,
) (*model.DeleteSenderIDRegistrationPayload, error) {
	sid, err := sidOf("SenderIdRegistration", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	if err := r.Upstream.DeleteSenderIDRegistration(ctx, change(ctx), sid); err != nil {
		return nil, err
	}
	return &model.DeleteSenderIDRegistrationPayload{DeletedSenderIDRegistrationID: input.ID}, nil
}
