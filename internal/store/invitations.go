package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// Invited tells whether an invitation is good: see identity.Invitations.
func (s *Store) Invited(ctx context.Context, tokenHash string, now time.Time) error {
	st := new(statement)
	st.write("SELECT u.email FROM invitations i JOIN users u ON u.sid = i.user_sid AND u.account_sid = i.account_sid AND u.email = i.email",
		" WHERE i.token_hash = ", st.arg(tokenHash), " AND i.date_accepted IS NULL AND i.date_expires > ", st.arg(micros(now)),
		" AND u.password_hash = ''")
	var email string
	return s.scanUser(ctx, s.db, st, &email)
}

// AcceptInvitation uses an invitation up and sets its user's password, in one
// transaction: see identity.Invitations. The same is asked of both as Invited asks, for
// either may have changed since.
func (s *Store) AcceptInvitation(ctx context.Context, tokenHash, passwordHash string, now time.Time) (email string, err error) {
	if passwordHash == "" {
		return "", errors.New("store: an invitation is accepted with a password")
	}
	err = s.Transact(ctx, func(tx *sql.Tx) error {
		st := new(statement)
		st.write("UPDATE invitations SET date_accepted = ", st.arg(micros(now)), " WHERE token_hash = ", st.arg(tokenHash),
			" AND date_accepted IS NULL AND date_expires > ", st.arg(micros(now)), " RETURNING account_sid, user_sid, email")
		var account, to string
		var user sql.NullString
		if err := s.scanUser(ctx, tx, st, &account, &user, &to); err != nil {
			return err
		}
		st = new(statement)
		st.write("UPDATE users SET password_hash = ", st.arg(passwordHash), ", date_updated = ", st.arg(micros(now)),
			" WHERE account_sid = ", st.arg(account), " AND sid = ", st.arg(user.String), " AND email = ", st.arg(to),
			" AND password_hash = '' RETURNING email")
		return s.scanUser(ctx, tx, st, &email)
	})
	if err != nil {
		return "", err
	}
	return email, nil
}

// InviteOwner gives the Owner with this e-mail address, without regard to case, a new
// invitation instead of any that they have. NOT_FOUND says that no Owner has this address, CONFLICT that they have
// set a password already.
func (s *Store) InviteOwner(ctx context.Context, email string, i identity.Invitation) error {
	email = strings.ToLower(email)
	return s.Transact(ctx, func(tx *sql.Tx) error {
		st := new(statement)
		st.write("SELECT sid, account_sid, password_hash FROM users WHERE email = ", st.arg(email), " AND roles = 'OWNER'")
		var user, account, passwordHash string
		if err := s.scanUser(ctx, tx, st, &user, &account, &passwordHash); err != nil {
			return err
		}
		if passwordHash != "" {
			return problem.New(problem.Conflict, "The Owner has set a password already.")
		}
		return s.invite(ctx, tx, account, user, email, i)
	})
}

// invite keeps an invitation for a user, in the place of an open one.
func (s *Store) invite(ctx context.Context, tx *sql.Tx, account, user, email string, i identity.Invitation) error {
	st := new(statement)
	st.write("INSERT INTO invitations (sid, account_sid, email, user_sid, token_hash, date_created, date_expires) VALUES (",
		st.arg(newSID("IN")), ", ", st.arg(account), ", ", st.arg(email), ", ", st.arg(user), ", ", st.arg(i.TokenHash), ", ",
		st.arg(micros(i.Created)), ", ", st.arg(micros(i.Expires)),
		") ON CONFLICT (account_sid, email) WHERE date_accepted IS NULL DO UPDATE SET user_sid = excluded.user_sid,",
		" token_hash = excluded.token_hash, date_created = excluded.date_created, date_expires = excluded.date_expires")
	if _, err := s.exec(ctx, tx, st); err != nil {
		return failed(ctx, "keeping an invitation", err)
	}
	return nil
}
