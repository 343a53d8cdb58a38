package store

import (
	"context"
	"database/sql"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func customerProfileTable() table[model.CustomerProfile] {
	type object = model.CustomerProfile
	return table[object]{
		name: "customer_profiles", typeName: "CustomerProfile", account: "account_sid",
		identity: func(p *object) (id, sid *string) { return &p.ID, &p.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"friendlyName", "friendly_name", func(p *object) any { return &p.FriendlyName }},
			{"email", "email", func(p *object) any { return &p.Email }},
			{"policySid", "policy_sid", func(p *object) any { return &p.PolicySid }},
			{"status", "status", func(p *object) any { return (*string)(&p.Status) }},
			{"failureReason", "failure_reason", func(p *object) any { return textOrNull[string]{&p.FailureReason} }},
			{"validUntil", "valid_until", func(p *object) any { return instantOrNull{&p.ValidUntil} }},
			{"statusCallback", "status_callback", func(p *object) any { return textOrNull[string]{&p.StatusCallback} }},
			{"dateCreated", "date_created", func(p *object) any { return (*instant)(&p.DateCreated) }},
			{"dateUpdated", "date_updated", func(p *object) any { return (*instant)(&p.DateUpdated) }},
		},
	}
}

// CustomerProfiles lists the account's customer profiles, newest first.
func (s *Store) CustomerProfiles(
	ctx context.Context, scope upstream.Scope, f upstream.CustomerProfileFilter, p upstream.Page,
) (upstream.List[model.CustomerProfile], error) {
	return list(ctx, s, &s.customerProfiles, scope, p, equal("status", f.Status), equal("policy_sid", f.PolicySid))
}

// CustomerProfile reads one of the account's customer profiles.
func (s *Store) CustomerProfile(ctx context.Context, scope upstream.Scope, sid string) (*model.CustomerProfile, error) {
	return get(ctx, s, &s.customerProfiles, scope, sid)
}

// CreateCustomerProfile makes a draft of a customer profile for the account. What cannot be kept is BAD_USER_INPUT.
func (s *Store) CreateCustomerProfile(
	ctx context.Context, c upstream.Change, n model.CreateCustomerProfileInput,
) (upstream.Made[model.CustomerProfile], error) {
	return create(ctx, s, c, &s.customerProfiles, creation{prefix: "BU", key: n.IdempotencyKey, input: n, columns: func(*sql.Tx) (columns, error) {
		var in input
		in.text("friendlyName", "friendly_name", n.FriendlyName, check.Text(255))
		in.text("email", "email", n.Email, check.Email)
		in.text("policySid", "policy_sid", n.PolicySid, check.SID("RN"))
		in.textOrNull("statusCallback", "status_callback", n.StatusCallback, check.URL)
		in.add("status", "status", string(model.TrustHubStatusDraft))
		return in.done()
	}})
}

// SubmitCustomerProfile has one of the account's customer profiles reviewed. One that is no draft is BAD_USER_INPUT.
func (s *Store) SubmitCustomerProfile(ctx context.Context, c upstream.Change, sid string) (*model.CustomerProfile, error) {
	return update(ctx, s, c, &s.customerProfiles, sid, func(tx *sql.Tx) (columns, error) {
		now, _, err := locate(ctx, s, tx, &s.customerProfiles, upstream.NewScope(c.Account(), policy.NewFields("status")), sid)
		if err != nil {
			return nil, err
		}
		if now.Status != model.TrustHubStatusDraft {
			// The words do not tell the status: who may submit a profile need not be who may see it.
			return nil, problem.Input("Only a draft can be submitted.", "input", "id")
		}
		return columns{{"status", "status", string(model.TrustHubStatusPendingReview)}}, nil
	})
}

func trustProductTable() table[model.TrustProduct] {
	type object = model.TrustProduct
	return table[object]{
		name: "trust_products", typeName: "TrustProduct", account: "account_sid",
		identity: func(p *object) (id, sid *string) { return &p.ID, &p.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"friendlyName", "friendly_name", func(p *object) any { return &p.FriendlyName }},
			{"email", "email", func(p *object) any { return &p.Email }},
			{"policySid", "policy_sid", func(p *object) any { return &p.PolicySid }},
			{"status", "status", func(p *object) any { return (*string)(&p.Status) }},
			{"failureReason", "failure_reason", func(p *object) any { return textOrNull[string]{&p.FailureReason} }},
			{"validUntil", "valid_until", func(p *object) any { return instantOrNull{&p.ValidUntil} }},
			{"statusCallback", "status_callback", func(p *object) any { return textOrNull[string]{&p.StatusCallback} }},
			{"dateCreated", "date_created", func(p *object) any { return (*instant)(&p.DateCreated) }},
			{"dateUpdated", "date_updated", func(p *object) any { return (*instant)(&p.DateUpdated) }},
		},
	}
}

// TrustProducts lists the account's trust products, newest first.
func (s *Store) TrustProducts(
	ctx context.Context, scope upstream.Scope, f upstream.TrustProductFilter, p upstream.Page,
) (upstream.List[model.TrustProduct], error) {
	return list(ctx, s, &s.trustProducts, scope, p, equal("status", f.Status))
}

// TrustProduct reads one of the account's trust products.
func (s *Store) TrustProduct(ctx context.Context, scope upstream.Scope, sid string) (*model.TrustProduct, error) {
	return get(ctx, s, &s.trustProducts, scope, sid)
}
