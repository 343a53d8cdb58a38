package store

import (
	"context"
	"database/sql"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/problem"
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

// UpdateSettings changes the settings of the change's account. A name or a time zone that cannot be is
// BAD_USER_INPUT. Whether only the Owner manages Administrators is FORBIDDEN to anyone but the Owner: an Administrator
// could take back by it what it takes from them.
func (s *Store) UpdateSettings(ctx context.Context, c upstream.Change, n model.UpdateProjectSettingsInput) (*model.ProjectSettings, error) {
	return update(ctx, s, c, &s.settings, c.Account(), func(tx *sql.Tx) (columns, error) {
		if n.OnlyOwnerManagesAdministrators.IsSet() {
			if err := s.owns(ctx, tx, c); err != nil {
				return nil, err
			}
		}
		var in input
		in.textIf("friendlyName", "friendly_name", n.FriendlyName, check.Name)
		in.textIf("timeZone", "time_zone", n.TimeZone, check.TimeZone)
		in.flagIf("sslCertificateValidation", "ssl_certificate_validation", n.SslCertificateValidation)
		in.flagIf("twoFactorRequired", "two_factor_required", n.TwoFactorRequired)
		in.flagIf("onlyOwnerManagesAdministrators", "only_owner_manages_administrators", n.OnlyOwnerManagesAdministrators)
		return in.done()
	})
}

// owns says by FORBIDDEN that whoever makes a change is not the Owner in person, as the account has it now and not
// their token. The account's row is held since update has found it, so that ownership cannot pass on meanwhile.
func (s *Store) owns(ctx context.Context, tx *sql.Tx, c upstream.Change) error {
	st := new(statement)
	st.write("SELECT owner_id FROM accounts WHERE sid = ", st.arg(c.Account()))
	var owner string
	if err := s.scanOne(ctx, tx, st, &owner); err != nil {
		return failed(ctx, "reading whose the account is", err)
	}
	if c.Intent.Client != "" || c.Intent.User != owner {
		return problem.New(problem.Forbidden, "Only the Owner says who manages Administrators.")
	}
	return nil
}
