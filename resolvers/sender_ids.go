package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func (r account) SenderIDRegistrations(
	ctx context.Context, _ *model.Account, first *int, after *string, status *model.SenderIDStatus, isoCountry, senderID *string,
) (*model.SenderIDRegistrationConnection, error) {
	return list[model.SenderIDRegistrationConnection](ctx, r.Root, first, after, upstream.SenderIDFilter{Status: status, IsoCountry: isoCountry, SenderID: senderID}, r.Upstream.SenderIDRegistrations)
}

func (r mutation) SubmitSenderIDRegistration(
	ctx context.Context, input model.SubmitSenderIDRegistrationInput,
) (*model.SubmitSenderIDRegistrationPayload, error) {
	made, err := r.Upstream.SubmitSenderIDRegistration(ctx, change(ctx, "senderIdRegistration", "senderIdRegistrationEdge.node"), input)
	if err != nil {
		return nil, err
	}
	return &model.SubmitSenderIDRegistrationPayload{
		SenderIDRegistration: made.Object, SenderIDRegistrationEdge: newEdge[model.SenderIDRegistrationEdge](ctx, r.Root, "Account.senderIdRegistrations", made),
	}, nil
}

func (r mutation) DeleteSenderIDRegistration(
	ctx context.Context, input model.DeleteSenderIDRegistrationInput,
) (*model.DeleteSenderIDRegistrationPayload, error) {
	sid, err := check.ID("SenderIdRegistration", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	if err := r.Upstream.DeleteSenderIDRegistration(ctx, change(ctx), sid); err != nil {
		return nil, err
	}
	return &model.DeleteSenderIDRegistrationPayload{DeletedSenderIDRegistrationID: input.ID}, nil
}
