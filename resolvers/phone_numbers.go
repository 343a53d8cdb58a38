package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func (r account) PhoneNumbers(ctx context.Context, _ *model.Account, first *int, after *string, phoneNumber, friendlyName, origin *string) (*model.PhoneNumberConnection, error) {
	return list[model.PhoneNumberConnection](ctx, r.Root, first, after, upstream.PhoneNumberFilter{PhoneNumber: phoneNumber, FriendlyName: friendlyName, Origin: origin}, r.Upstream.PhoneNumbers)
}

func (r account) AvailablePhoneNumbers(
	ctx context.Context, _ *model.Account, first *int, after *string, countryCode string, typeArg *model.PhoneNumberType,
	areaCode, contains *string, voiceEnabled, smsEnabled, mmsEnabled, faxEnabled *bool,
) (*model.AvailablePhoneNumberConnection, error) {
	f := upstream.AvailablePhoneNumberFilter{
		CountryCode: countryCode, Type: typeArg, AreaCode: areaCode, Contains: contains,
		Voice: voiceEnabled, Sms: smsEnabled, Mms: mmsEnabled, Fax: faxEnabled,
	}
	return list[model.AvailablePhoneNumberConnection](ctx, r.Root, first, after, f, r.Upstream.AvailablePhoneNumbers)
}

func (r mutation) BuyPhoneNumber(ctx context.Context, input model.BuyPhoneNumberInput) (*model.BuyPhoneNumberPayload, error) {
	made, err := r.Upstream.BuyPhoneNumber(ctx, change(ctx, "phoneNumber", "phoneNumberEdge.node"), input)
	if err != nil {
		return nil, err
	}
	return &model.BuyPhoneNumberPayload{PhoneNumber: made.Object, PhoneNumberEdge: newEdge[model.PhoneNumberEdge](ctx, r.Root, "Account.phoneNumbers", made)}, nil
}

func (r mutation) UpdatePhoneNumber(ctx context.Context, input model.UpdatePhoneNumberInput) (*model.UpdatePhoneNumberPayload, error) {
	sid, err := check.ID("PhoneNumber", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	number, err := r.Upstream.UpdatePhoneNumber(ctx, change(ctx, "phoneNumber"), sid, input)
	if err != nil {
		return nil, err
	}
	return &model.UpdatePhoneNumberPayload{PhoneNumber: number}, nil
}

func (r mutation) ReleasePhoneNumber(ctx context.Context, input model.ReleasePhoneNumberInput) (*model.ReleasePhoneNumberPayload, error) {
	sid, err := check.ID("PhoneNumber", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	if err := r.Upstream.ReleasePhoneNumber(ctx, change(ctx), sid); err != nil {
		return nil, err
	}
	return &model.ReleasePhoneNumberPayload{ReleasedPhoneNumberID: input.ID}, nil
}
