package store

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func accountTable() table[model.Account] {
	type object = model.Account
	return table[object]{
		name: "accounts", typeName: "Account", account: "sid",
		identity: func(a *object) (id, sid *string) { return &a.ID, &a.Sid },
		order:    []key{{column: "sid", kind: text}},
		columns: []column[object]{
			{"friendlyName", "friendly_name", func(a *object) any { return &a.FriendlyName }},
			{"status", "status", func(a *object) any { return (*string)(&a.Status) }},
		},
	}
}

// Account reads the scope's account.
func (s *Store) Account(ctx context.Context, scope upstream.Scope) (*model.Account, error) {
	return only(ctx, s, s.db, &s.accounts, scope)
}

func settingsTable() table[model.ProjectSettings] {
	type object = model.ProjectSettings
	return table[object]{
		name: "accounts", typeName: "ProjectSettings", account: "sid",
		order: []key{{column: "sid", kind: text}},
		columns: []column[object]{
			{"friendlyName", "friendly_name", func(p *object) any { return &p.FriendlyName }},
			{"status", "status", func(p *object) any { return (*string)(&p.Status) }},
			{"type", "type", func(p *object) any { return (*string)(&p.Type) }},
			{"timeZone", "time_zone", func(p *object) any { return &p.TimeZone }},
			{"sslCertificateValidation", "ssl_certificate_validation", func(p *object) any { return (*flag)(&p.SslCertificateValidation) }},
			{"twoFactorRequired", "two_factor_required", func(p *object) any { return (*flag)(&p.TwoFactorRequired) }},
			{"onlyOwnerManagesAdministrators", "only_owner_manages_administrators", func(p *object) any { return (*flag)(&p.OnlyOwnerManagesAdministrators) }},
			{"dateCreated", "date_created", func(p *object) any { return (*instant)(&p.DateCreated) }},
			{"dateUpdated", "date_updated", func(p *object) any { return (*instant)(&p.DateUpdated) }},
		},
	}
}

// Settings reads the settings of the scope's account.
func (s *Store) Settings(ctx context.Context, scope upstream.Scope) (*model.ProjectSettings, error) {
	return only(ctx, s, s.db, &s.settings, scope)
}
