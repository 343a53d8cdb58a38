package store_test

import (
	"context"
	"testing"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// getter reads one object by its SID.
type getter struct {
	name, table string
	object      any
	get         func(ctx context.Context, scope upstream.Scope, sid string) (any, error)
}

func getterOf[T any](
	name, table string, get func(context.Context, upstream.Scope, string) (*T, error),
) getter {
	var zero T
	return getter{name, table, zero, func(ctx context.Context, scope upstream.Scope, sid string) (any, error) {
		object, err := get(ctx, scope, sid)
		if err != nil {
			return nil, err
		}
		return *object, nil
	}}
}

// getters are all of the store.
func getters(s *store.Store) []getter {
	return []getter{
		getterOf("ApiKey", "api_keys", s.APIKey),
		getterOf("AuditEvent", "audit_events", s.AuditEvent),
		getterOf("PhoneNumber", "phone_numbers", s.PhoneNumber),
		getterOf("SenderIdRegistration", "sender_id_registrations", s.SenderIDRegistration),
		getterOf("Invoice", "invoices", s.Invoice),
		getterOf("PaymentMethod", "payment_methods", s.PaymentMethod),
		getterOf("Call", "calls", s.Call),
		getterOf("Message", "messages", s.Message),
		getterOf("Alert", "alerts", s.Alert),
		getterOf("Sim", "sims", s.Sim),
		getterOf("Fleet", "fleets", s.Fleet),
		getterOf("NetworkAccessProfile", "network_access_profiles", s.NetworkAccessProfile),
		getterOf("UsageTrigger", "usage_triggers", s.UsageTrigger),
		getterOf("CustomerProfile", "customer_profiles", s.CustomerProfile),
		getterOf("TrustProduct", "trust_products", s.TrustProduct),
		getterOf("User", "users", s.User),
		getterOf("Invitation", "invitations", s.Invitation),
		getterOf("OAuthClient", "oauth_clients", s.OAuthClient),
		getterOf("Application", "applications", s.Application),
		getterOf("StudioFlow", "studio_flows", s.StudioFlow),
		getterOf("FunctionService", "function_services", s.FunctionService),
		getterOf("Function", "functions", s.Function),
		getterOf("Worker", "workers", s.Worker),
		getterOf("TaskQueue", "task_queues", s.TaskQueue),
	}
}

// singles are the objects that an account has one of.
func singles(s *store.Store) []getter {
	return []getter{
		getterOf("Account", "accounts", func(ctx context.Context, scope upstream.Scope, _ string) (*model.Account, error) {
			return s.Account(ctx, scope)
		}),
		getterOf("ProjectSettings", "accounts", func(ctx context.Context, scope upstream.Scope, _ string) (*model.ProjectSettings, error) {
			return s.Settings(ctx, scope)
		}),
		getterOf("Money", "accounts", func(ctx context.Context, scope upstream.Scope, _ string) (*model.Money, error) {
			return s.Balance(ctx, scope)
		}),
		getterOf("BillingSettings", "billing_settings", func(ctx context.Context, scope upstream.Scope, _ string) (*model.BillingSettings, error) {
			return s.BillingSettings(ctx, scope)
		}),
		getterOf("FlexConfiguration", "flex_configurations", func(ctx context.Context, scope upstream.Scope, _ string) (*model.FlexConfiguration, error) {
			return s.FlexConfiguration(ctx, scope)
		}),
	}
}

// someSID is the SID of some object that the account has.
func someSID(t *testing.T, s *store.Store, table, account string) string {
	t.Helper()
	var sid string
	err := s.DB().QueryRow("SELECT sid FROM "+table+" WHERE account_sid = $1 ORDER BY sid LIMIT 1", account).Scan(&sid)
	if err != nil {
		t.Fatal(err)
	}
	return sid
}
