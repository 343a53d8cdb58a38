package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// bury notes of a user of another issuer who is about to be removed that their issuer does not bring them back.
func (s *Store) bury(ctx context.Context, tx *sql.Tx, of identity.Member) error {
	if of.Issuer == "" {
		return nil
	}
	var subject string
	st := new(statement)
	st.write("SELECT subject FROM identities WHERE user_sid = ", st.arg(of.SID))
	if err := s.scanOne(ctx, tx, st, &subject); err != nil {
		return failed(ctx, "reading an identity", err)
	}
	return s.insert(ctx, tx, "removed_identities", columns{
		{"", "account_sid", of.Account}, {"", "issuer", of.Issuer}, {"", "subject", subject}, {"", "email", of.Email}, {"", "date_removed", micros(s.now())},
	})
}

// lift has those come again who were removed with this address, by what their issuer says of them from now on.
func (s *Store) lift(ctx context.Context, tx *sql.Tx, account, email string, now time.Time) error {
	st := new(statement)
	st.write("UPDATE removed_identities SET date_lifted = ", st.arg(micros(now)), " WHERE account_sid = ", st.arg(account),
		" AND email = ", st.arg(email), " AND date_lifted IS NULL")
	if _, err := s.exec(ctx, tx, st); err != nil {
		return failed(ctx, "letting in who was removed", err)
	}
	return nil
}

// mayReturn refuses someone of another issuer who was removed from the account, until that is lifted.
func (s *Store) mayReturn(ctx context.Context, tx *sql.Tx, f identity.Federated, account string) error {
	var lifted sql.NullInt64
	st := new(statement)
	st.write("DELETE FROM removed_identities WHERE account_sid = ", st.arg(account), " AND issuer = ", st.arg(f.Issuer),
		" AND subject = ", st.arg(f.Subject), " RETURNING date_lifted")
	switch err := s.scanOne(ctx, tx, st, &lifted); { // a refusal undoes it
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return failed(ctx, "looking for who was removed", err)
	case !lifted.Valid:
		return identity.ErrRemoved
	case micros(f.Asserted) < lifted.Int64:
		return problem.New(problem.Conflict, "Something newer is known of this person than what was issued then.")
	}
	return nil
}
