package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// Admit finds or makes the user that someone of another issuer is: see identity.Federation.
func (s *Store) Admit(
	ctx context.Context, f identity.Federated, block func(user string) (generation int64, err error),
) (user string, change identity.RoleChange, err error) {
	if f.Issuer == "" || f.Subject == "" || policy.ValidRoles(f.Roles) != nil || slices.Contains(f.Roles, policy.Owner) {
		return "", identity.RoleChange{}, errors.New("store: someone of no issuer, or with roles that none gives")
	}
	// Two who come first at the same time may both find nobody. The one that is refused then finds the other's.
	for range 2 {
		err = s.Transact(ctx, func(tx *sql.Tx) error {
			user, change, err = s.admit(ctx, tx, f, block)
			return err
		})
		if !isConstraint(err) {
			break
		}
	}
	if err != nil {
		return "", identity.RoleChange{}, err
	}
	return user, change, nil
}

func (s *Store) admit(
	ctx context.Context, tx *sql.Tx, f identity.Federated, block func(string) (int64, error),
) (user string, change identity.RoleChange, err error) {
	account, err := s.accountFor(ctx, tx, f.Account)
	if err != nil {
		return "", change, err
	}
	user, err = s.identified(ctx, tx, f)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", change, err
	}
	if err := s.unclaimed(ctx, tx, f.Email, user); err != nil {
		return "", change, err
	}
	if user == "" {
		user = newSID("US")
		return user, change, s.insertFederated(ctx, tx, f, account, user)
	}
	of, err := s.memberIn(ctx, tx, account, user, s.forUpdate)
	if problem.CodeOf(err) == problem.NotFound {
		return "", change, problem.New(problem.Conflict, "This person is a user of another account.")
	}
	if err != nil {
		return "", change, err
	}
	if err := s.updateFederated(ctx, tx, f, user); err != nil {
		return "", change, err
	}
	// Who has been given ownership keeps it: no group gives it, and none takes it away.
	if slices.Contains(of.Roles, policy.Owner) || rolesText(of.Roles) == rolesText(f.Roles) {
		return user, change, nil
	}
	generation, err := block(user)
	if err != nil {
		return "", change, err
	}
	change = identity.RoleChange{ID: newChangeID(), User: user, Generation: generation}
	return user, change, s.changeRoles(ctx, tx, account, f.Roles, change)
}

// accountFor is the account of this SID, or the only one there is.
func (s *Store) accountFor(ctx context.Context, tx *sql.Tx, sid string) (string, error) {
	st := new(statement)
	st.write("SELECT COUNT(*), COALESCE(MIN(sid), '') FROM accounts")
	if sid != "" {
		st.write(" WHERE sid = ", st.arg(sid))
	}
	var accounts int
	var found string
	if err := s.scanOne(ctx, tx, st, &accounts, &found); err != nil {
		return "", failed(ctx, "looking for an account", err)
	}
	if accounts != 1 {
		return "", problem.New(problem.NotFound, "There is no such account, or several of which none was named.")
	}
	return found, nil
}

// identified is the user that someone is; sql.ErrNoRows for nobody.
func (s *Store) identified(ctx context.Context, tx *sql.Tx, f identity.Federated) (user string, err error) {
	st := new(statement)
	st.write("SELECT user_sid FROM identities WHERE issuer = ", st.arg(f.Issuer), " AND subject = ", st.arg(f.Subject))
	err = s.scanOne(ctx, tx, st, &user)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", failed(ctx, "looking for an identity", err)
	}
	return user, err
}

// unclaimed says whether an e-mail address is nobody's but this user's.
func (s *Store) unclaimed(ctx context.Context, tx *sql.Tx, email, user string) error {
	st := new(statement)
	st.write("SELECT COUNT(*) FROM users WHERE email = ", st.arg(email), " AND sid <> ", st.arg(user))
	var others int
	if err := s.scanOne(ctx, tx, st, &others); err != nil {
		return failed(ctx, "looking for an e-mail address", err)
	}
	if others > 0 {
		return problem.New(problem.Conflict, "The e-mail address is another user's, who is not taken to be the same person.")
	}
	return nil
}

func (s *Store) insertFederated(ctx context.Context, tx *sql.Tx, f identity.Federated, account, user string) error {
	now := micros(s.now())
	made := new(statement)
	made.write("INSERT INTO users (sid, account_sid, email, name, roles, password_hash, date_created, date_updated) VALUES (",
		made.arg(user), ", ", made.arg(account), ", ", made.arg(f.Email), ", ", made.arg(f.Name), ", ", made.arg(rolesText(f.Roles)), ", '', ",
		made.arg(now), ", ", made.arg(now), ")")
	identified := new(statement)
	identified.write("INSERT INTO identities (issuer, subject, user_sid, date_created) VALUES (",
		identified.arg(f.Issuer), ", ", identified.arg(f.Subject), ", ", identified.arg(user), ", ", identified.arg(now), ")")
	for _, st := range []*statement{made, identified} {
		if _, err := s.exec(ctx, tx, st); err != nil {
			return failed(ctx, "making a user of another issuer", err)
		}
	}
	return nil
}

// updateFederated keeps what has changed of someone's address and name.
func (s *Store) updateFederated(ctx context.Context, tx *sql.Tx, f identity.Federated, user string) error {
	st := new(statement)
	st.write("UPDATE users SET email = ", st.arg(f.Email), ", name = ", st.arg(f.Name), ", date_updated = ", st.arg(micros(s.now())),
		" WHERE sid = ", st.arg(user), " AND (email <> ", st.arg(f.Email), " OR name <> ", st.arg(f.Name), ")")
	if _, err := s.exec(ctx, tx, st); err != nil {
		return failed(ctx, "updating a user of another issuer", err)
	}
	return nil
}
