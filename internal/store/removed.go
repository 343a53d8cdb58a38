package store

import (
	"context"
	"database/sql"

	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// bury notes of a user who is about to be removed that no other issuer brings them back.
func (s *Store) bury(ctx context.Context, tx *sql.Tx, of identity.Member) error {
	subject := of.SID
	if of.Issuer != "" {
		st := new(statement)
		st.write("SELECT subject FROM identities WHERE user_sid = ", st.arg(of.SID))
		if err := s.scanOne(ctx, tx, st, &subject); err != nil {
			return failed(ctx, "reading an identity", err)
		}
	}
	return s.insert(ctx, tx, "removed_identities", columns{
		{"", "account_sid", of.Account}, {"", "issuer", of.Issuer}, {"", "subject", subject}, {"", "email", of.Email}, {"", "date_removed", micros(s.now())},
	})
}

// mayReturn refuses someone of another issuer who was removed from the account, or whose address was that of who was, unless
// that address is invited, by what their issuer has said since. The invitation is used up.
func (s *Store) mayReturn(ctx context.Context, tx *sql.Tx, f identity.Federated, account string) error {
	theirs := func(st *statement) string {
		return " removed_identities.account_sid = " + st.arg(account) + " AND (removed_identities.email = " + st.arg(f.Email) +
			" OR issuer = " + st.arg(f.Issuer) + " AND subject = " + st.arg(f.Subject) + ")"
	}
	found := new(statement)
	found.write("SELECT COUNT(*), COUNT(i.sid), COALESCE(MAX(i.date_created), 0) FROM removed_identities LEFT JOIN invitations i",
		" ON i.account_sid = removed_identities.account_sid AND i.email = removed_identities.email AND i.date_expires > ", found.arg(micros(s.now())),
		" WHERE", theirs(found))
	var all, invited int
	var since int64
	switch err := s.scanOne(ctx, tx, found, (*number)(&all), (*number)(&invited), &since); {
	case err != nil:
		return failed(ctx, "looking for who was removed", err)
	case invited < all:
		return identity.ErrRemoved
	case micros(f.Asserted) < since:
		return problem.New(problem.Conflict, "Something newer is known of this person than what was issued then.")
	}
	used, back := new(statement), new(statement)
	used.write("DELETE FROM invitations WHERE account_sid = ", used.arg(account), " AND email IN (SELECT email FROM removed_identities WHERE", theirs(used), ")")
	back.write("DELETE FROM removed_identities WHERE", theirs(back))
	for _, st := range []*statement{used, back} {
		if _, err := s.exec(ctx, tx, st); err != nil {
			return failed(ctx, "letting in who was removed", err)
		}
	}
	return nil
}
