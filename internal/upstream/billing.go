package upstream

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
)

// InvoiceFilter narrows the list of invoices; nil fields do not.
type InvoiceFilter struct{ Status *model.InvoiceStatus }

// Billing serves what the account owes and how it pays; lists newest first.
type Billing interface {
	Balance(ctx context.Context, s Scope) (*model.Money, error)
	Invoices(ctx context.Context, s Scope, f InvoiceFilter, p Page) (List[model.Invoice], error)
	Invoice(ctx context.Context, s Scope, sid string) (*model.Invoice, error)
	PaymentMethods(ctx context.Context, s Scope, p Page) (List[model.PaymentMethod], error)
	PaymentMethod(ctx context.Context, s Scope, sid string) (*model.PaymentMethod, error)
	AddPaymentMethod(ctx context.Context, c Change, n model.AddPaymentMethodInput) (Made[model.PaymentMethod], error)
	RemovePaymentMethod(ctx context.Context, c Change, sid string) error
	BillingSettings(ctx context.Context, s Scope) (*model.BillingSettings, error)
	UpdateBillingSettings(ctx context.Context, c Change, n model.UpdateBillingSettingsInput) (*model.BillingSettings, error)
}
