package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// phoneNumbers names the list in its cursors, which an edge of a new number shares.
const phoneNumbers = "Account.phoneNumbers"

func (r account) PhoneNumbers(ctx context.Context, _ *model.Account, first *int, after *string, phoneNumber, friendlyName, origin *string) (*model.PhoneNumberConnection, error) {
	f := upstream.PhoneNumberFilter{PhoneNumber: phoneNumber, FriendlyName: friendlyName, Origin: origin}
	c, err := r.connect(ctx, phoneNumbers, first, after, f)
	if err != nil {
		return nil, err
	}
	numbers, err := r.Upstream.PhoneNumbers(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, numbers, phoneNumberEdge)
	return &model.PhoneNumberConnection{Edges: all, PageInfo: info}, nil
}

func phoneNumberEdge(cursor string, number model.PhoneNumber) *model.PhoneNumberEdge {
	return &model.PhoneNumberEdge{Cursor: cursor, Node: number}
}

func (r account) AvailablePhoneNumbers(
	ctx context.Context, _ *model.Account, first *int, after *string, countryCode string, typeArg *model.PhoneNumberType,
	areaCode, contains *string, voiceEnabled, smsEnabled, mmsEnabled, faxEnabled *bool,
) (*model.AvailablePhoneNumberConnection, error) {
	f := upstream.AvailablePhoneNumberFilter{
		CountryCode: countryCode, Type: typeArg, AreaCode: areaCode, Contains: contains,
		Voice: voiceEnabled, Sms: smsEnabled, Mms: mmsEnabled, Fax: faxEnabled,
	}
	c, err := r.connect(ctx, "Account.availablePhoneNumbers", first, after, f)
	if err != nil {
		return nil, err
	}
	numbers, err := r.Upstream.AvailablePhoneNumbers(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, numbers, func(cursor string, n model.AvailablePhoneNumber) *model.AvailablePhoneNumberEdge {
		return &model.AvailablePhoneNumberEdge{Cursor: cursor, Node: n}
	})
	return &model.AvailablePhoneNumberConnection{Edges: all, PageInfo: info}, nil
}

func (r mutation) BuyPhoneNumber(ctx context.Context, input model.BuyPhoneNumberInput) (*model.BuyPhoneNumberPayload, error) {
	made, err := r.Upstream.BuyPhoneNumber(ctx, change(ctx, "phoneNumber", "phoneNumberEdge.node"), input)
	if err != nil {
		return nil, err
	}
	cursor, err := r.cursor(ctx, phoneNumbers, made.Position, upstream.PhoneNumberFilter{})
	if err != nil {
		return nil, err
	}
	return &model.BuyPhoneNumberPayload{PhoneNumber: made.Object, PhoneNumberEdge: phoneNumberEdge(cursor, *made.Object)}, nil
}

func (r mutation) UpdatePhoneNumber(ctx context.Context, input model.UpdatePhoneNumberInput) (*model.UpdatePhoneNumberPayload, error) {
	sid, err := sidOf("PhoneNumber", input.ID, "input", "id")
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
	sid, err := sidOf("PhoneNumber", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	if err := r.Upstream.ReleasePhoneNumber(ctx, change(ctx), sid); err != nil {
		return nil, err
	}
	return &model.ReleasePhoneNumberPayload{ReleasedPhoneNumberID: input.ID}, nil
}
