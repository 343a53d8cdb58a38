package store

import (
	"context"
	"database/sql"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func senderIDTable() table[model.SenderIDRegistration] {
	type object = model.SenderIDRegistration
	return table[object]{
		name: "sender_id_registrations", typeName: "SenderIdRegistration", account: "account_sid",
		identity: func(r *object) (id, sid *string) { return &r.ID, &r.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"senderId", "sender_id", func(r *object) any { return &r.SenderID }},
			{"isoCountry", "iso_country", func(r *object) any { return &r.IsoCountry }},
			{"status", "status", func(r *object) any { return (*string)(&r.Status) }},
			{"useCase", "use_case", func(r *object) any { return (*string)(&r.UseCase) }},
			{"companyName", "company_name", func(r *object) any { return &r.CompanyName }},
			{"contactEmail", "contact_email", func(r *object) any { return &r.ContactEmail }},
			{"contactName", "contact_name", func(r *object) any { return &r.ContactName }},
			{"rejectionReason", "rejection_reason", func(r *object) any { return textOrNull[string]{&r.RejectionReason} }},
			{"dateCreated", "date_created", func(r *object) any { return (*instant)(&r.DateCreated) }},
			{"dateUpdated", "date_updated", func(r *object) any { return (*instant)(&r.DateUpdated) }},
		},
	}
}

// SenderIDRegistrations lists the account's registrations of sender IDs, newest first.
func (s *Store) SenderIDRegistrations(
	ctx context.Context, scope upstream.Scope, f upstream.SenderIDFilter, p upstream.Page,
) (upstream.List[model.SenderIDRegistration], error) {
	return list(ctx, s, &s.senderIDs, scope, p,
		equal("status", f.Status), equal("iso_country", f.IsoCountry), equal("sender_id", f.SenderID))
}

// SenderIDRegistration reads one of the account's registrations.
func (s *Store) SenderIDRegistration(ctx context.Context, scope upstream.Scope, sid string) (*model.SenderIDRegistration, error) {
	return get(ctx, s, &s.senderIDs, scope, sid)
}

// SubmitSenderIDRegistration hands in a registration. It is a CONFLICT while the account has another one of the
// sender ID in the country that was not rejected, and BAD_USER_INPUT for what cannot be registered.
func (s *Store) SubmitSenderIDRegistration(
	ctx context.Context, c upstream.Change, n model.SubmitSenderIDRegistrationInput,
) (upstream.Made[model.SenderIDRegistration], error) {
	return create(ctx, s, c, &s.senderIDs, creation{
		prefix: "AI", key: n.IdempotencyKey, input: n,
		columns: func(*sql.Tx) (columns, error) {
			var in input
			in.text("senderId", "sender_id", n.SenderID, check.SenderID)
			in.text("isoCountry", "iso_country", n.IsoCountry, check.Country)
			in.add("status", "status", string(model.SenderIDStatusSubmitted))
			in.add("useCase", "use_case", string(n.UseCase))
			in.text("companyName", "company_name", n.CompanyName, check.Name)
			in.text("contactEmail", "contact_email", n.ContactEmail, check.Email)
			in.text("contactName", "contact_name", n.ContactName, check.Name)
			return in.done()
		},
	})
}

// DeleteSenderIDRegistration deletes one of the account's registrations.
func (s *Store) DeleteSenderIDRegistration(ctx context.Context, c upstream.Change, sid string) error {
	return remove(ctx, s, c, &s.senderIDs, sid)
}
