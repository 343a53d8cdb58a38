package store

import (
	"context"
	"time"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/identity"
)

// PendingMails are the mails of the outbox whose links are good at this time, oldest first, at most limit.
func (s *Store) PendingMails(ctx context.Context, now time.Time, limit int) ([]identity.Mail, error) {
	st := new(statement)
	st.write("SELECT o.token_hash, o.sealed_token, i.email, COALESCE(i.name, ''), i.roles, a.friendly_name, i.date_expires",
		" FROM mail_outbox o JOIN invitations i ON i.token_hash = o.token_hash JOIN accounts a ON a.sid = i.account_sid",
		" WHERE i.date_expires > ", st.arg(micros(now)), " ORDER BY o.date_created, o.token_hash LIMIT ", st.arg(limit))
	return readAll(ctx, s, "reading the outbox of mails", st, func(m *identity.Mail) []any {
		return []any{&m.TokenHash, &m.Sealed, &m.To, &m.Name, wordList[model.Role]{&m.Roles}, &m.Account, (*instant)(&m.Expires)}
	})
}

// MailSent takes a mail out of the outbox. One that is gone is no error.
func (s *Store) MailSent(ctx context.Context, tokenHash string) error {
	st := new(statement)
	st.write("DELETE FROM mail_outbox WHERE token_hash = ", st.arg(tokenHash))
	if _, err := s.exec(ctx, s.db, st); err != nil {
		return failed(ctx, "taking out a mail", err)
	}
	return nil
}
