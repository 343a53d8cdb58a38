package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func (r account) Balance(ctx context.Context, _ *model.Account) (*model.Money, error) {
	return r.Upstream.Balance(ctx, scope(ctx, ""))
}

func (r account) Invoices(ctx context.Context, _ *model.Account, first *int, after *string, status *model.InvoiceStatus) (*model.InvoiceConnection, error) {
	f := upstream.InvoiceFilter{Status: status}
	c, err := r.connect(ctx, "Account.invoices", first, after, f)
	if err != nil {
		return nil, err
	}
	invoices, err := r.Upstream.Invoices(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, invoices, func(cursor string, i model.Invoice) *model.InvoiceEdge {
		return &model.InvoiceEdge{Cursor: cursor, Node: i}
	})
	return &model.InvoiceConnection{Edges: all, PageInfo: info}, nil
}

func (r account) PaymentMethods(ctx context.Context, _ *model.Account, first *int, after *string) (*model.PaymentMethodConnection, error) {
	c, err := r.connect(ctx, "Account.paymentMethods", first, after, nil)
	if err != nil {
		return nil, err
	}
	methods, err := r.Upstream.PaymentMethods(ctx, scope(ctx, "edges.node"), c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, methods, func(cursor string, m model.PaymentMethod) *model.PaymentMethodEdge {
		return &model.PaymentMethodEdge{Cursor: cursor, Node: m}
	})
	return &model.PaymentMethodConnection{Edges: all, PageInfo: info}, nil
}

func (r account) BillingSettings(ctx context.Context, _ *model.Account) (*model.BillingSettings, error) {
	return r.Upstream.BillingSettings(ctx, scope(ctx, ""))
}
