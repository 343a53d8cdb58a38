package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func (r account) Balance(ctx context.Context, _ *model.Account) (*model.Money, error) {
	return r.Upstream.Balance(ctx, scope(ctx, ""))
}

func (r account) Invoices(ctx context.Context, _ *model.Account, first *int, after *string, status *model.InvoiceStatus) (*model.InvoiceConnection, error) {
	return list[model.InvoiceConnection](ctx, r.Root, first, after, upstream.InvoiceFilter{Status: status}, r.Upstream.Invoices)
}

func (r account) PaymentMethods(ctx context.Context, _ *model.Account, first *int, after *string) (*model.PaymentMethodConnection, error) {
	return list[model.PaymentMethodConnection](ctx, r.Root, first, after, noFilter{}, unfiltered(r.Upstream.PaymentMethods))
}

func (r mutation) AddPaymentMethod(ctx context.Context, input model.AddPaymentMethodInput) (*model.AddPaymentMethodPayload, error) {
	made, err := r.Upstream.AddPaymentMethod(ctx, change(ctx, "paymentMethod", "paymentMethodEdge.node"), input)
	if err != nil {
		return nil, err
	}
	return &model.AddPaymentMethodPayload{PaymentMethod: made.Object, PaymentMethodEdge: newEdge[model.PaymentMethodEdge](ctx, r.Root, "Account.paymentMethods", made)}, nil
}

func (r mutation) RemovePaymentMethod(ctx context.Context, input model.RemovePaymentMethodInput) (*model.RemovePaymentMethodPayload, error) {
	sid, err := check.ID("PaymentMethod", input.ID, "input", "id")
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
