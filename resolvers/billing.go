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

// paymentMethods names the list in its cursors, which an edge of a new payment method shares.
const paymentMethods = "Account.paymentMethods"

func (r account) PaymentMethods(ctx context.Context, _ *model.Account, first *int, after *string) (*model.PaymentMethodConnection, error) {
	c, err := r.connect(ctx, paymentMethods, first, after, nil)
	if err != nil {
		return nil, err
	}
	methods, err := r.Upstream.PaymentMethods(ctx, scope(ctx, "edges.node"), c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, methods, paymentMethodEdge)
	return &model.PaymentMethodConnection{Edges: all, PageInfo: info}, nil
}

func paymentMethodEdge(cursor string, m model.PaymentMethod) *model.PaymentMethodEdge {
	return &model.PaymentMethodEdge{Cursor: cursor, Node: m}
}

func (r mutation) AddPaymentMethod(ctx context.Context, input model.AddPaymentMethodInput) (*model.AddPaymentMethodPayload, error) {
	made, err := r.Upstream.AddPaymentMethod(ctx, change(ctx, "paymentMethod", "paymentMethodEdge.node"), input)
	if err != nil {
		return nil, err
	}
	cursor, err := r.cursor(ctx, paymentMethods, made.Position, nil)
	if err != nil {
		return nil, err
	}
	return &model.AddPaymentMethodPayload{PaymentMethod: made.Object, PaymentMethodEdge: paymentMethodEdge(cursor, *made.Object)}, nil
}

func (r mutation) RemovePaymentMethod(ctx context.Context, input model.RemovePaymentMethodInput) (*model.RemovePaymentMethodPayload, error) {
	sid, err := sidOf("PaymentMethod", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	if err := r.Upstream.RemovePaymentMethod(ctx, change(ctx), sid); err != nil {
		return nil, err
	}
	return &model.RemovePaymentMethodPayload{RemovedPaymentMethodID: input.ID}, nil
}

func (r account) BillingSettings(ctx context.Context, _ *model.Account) (*model.BillingSettings, error) {
	return r.Upstream.BillingSettings(ctx, scope(ctx, ""))
}

func (r mutation) UpdateBillingSettings(ctx context.Context, input model.UpdateBillingSettingsInput) (*model.UpdateBillingSettingsPayload, error) {
	settings, err := r.Upstream.UpdateBillingSettings(ctx, change(ctx, "billingSettings"), input)
	if err != nil {
		return nil, err
	}
	return &model.UpdateBillingSettingsPayload{BillingSettings: settings}, nil
}
