package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func (r account) PhoneNumbers(ctx context.Context, _ *model.Account, first *int, after *string, phoneNumber, friendlyName, origin *string) (*model.PhoneNumberConnection, error) {
	f := upstream.PhoneNumberFilter{PhoneNumber: phoneNumber, FriendlyName: friendlyName, Origin: origin}
	c, err := r.connect(ctx, "Account.phoneNumbers", first, after, f)
	if err != nil {
		return nil, err
	}
	numbers, err := r.Upstream.PhoneNumbers(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, numbers, func(cursor string, n model.PhoneNumber) *model.PhoneNumberEdge {
		return &model.PhoneNumberEdge{Cursor: cursor, Node: n}
	})
	return &model.PhoneNumberConnection{Edges: all, PageInfo: info}, nil
}
