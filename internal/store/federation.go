package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// Admit finds or makes the user that someone of another issuer is: see identity.Federation.
func (s *Store) Admit(
	ctx context.Context, f identity.Federated, block func(user string) (generation int64, err error),
) (user string, change identity.RoleChange, err error) {
	if f.Issuer == "" || f.Subject == "" || f.Asserted.IsZero() ||
		len(f.Roles) > 0 && policy.ValidRoles(f.Roles) != nil || slices.Contains(f.Roles, policy.Owner) {
		return "", identity.RoleChange{}, errors.New("store: someone of no issuer, of no time, or with roles that none gives")
	}
	// Two who come first at the same time may both find nobody. The one that is refused then finds the other's.
	for range 2 {
		err = s.audited(ctx, func(tx *sql.Tx) ([]audit.Event, error) {
			var of admitted
			if of, err = s.admit(ctx, tx, f, block); err != nil {
				return nil, err
			}
			user, change = of.user, of.change
			if len(f.Roles) == 0 {
				user = ""
			}
			if len(of.fields) == 0 {
				return nil, nil
			}
			i := audit.Intent{User: of.user, Coordinate: "admit", RequestID: problem.RequestID(ctx)}
			return []audit.Event{audit.EventOf(of.account, i, audit.Change{Type: s.users.typeName, SID: of.user, Fields: of.fields}, s.now())}, nil
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

// admitted is what has come of someone of another issuer; zero when nothing is known of them.
type admitted struct {
	user, account string
	change        identity.RoleChange
	fields        []string // that have changed
}

func (s *Store) admit(
	ctx context.Context, tx *sql.Tx, f identity.Federated, block func(string) (int64, error),
) (a admitted, err error) {
	known, err := s.identified(ctx, tx, f)
	switch {
	case err != nil:
		return a, err
	case known.user == "" && len(f.Roles) == 0:
		return a, nil
	case micros(f.Asserted) < known.since:
		return a, problem.New(problem.Conflict, "Something newer is known of this person than what was issued then.")
	case known.user != "" && len(f.Roles) == 0:
		return s.withdraw(ctx, tx, f, known, block)
	}
	if a.account, err = s.accountFor(ctx, tx, f.Account); err != nil {
		return a, err
	}
	free, err := s.unclaimed(ctx, tx, f.Email, known.user)
	if err != nil {
		return a, err
	}
	if known.user == "" {
		switch {
		case f.Email == "":
			return a, problem.New(problem.BadUserInput, "There is no e-mail address to make a user with, or none that its issuer has verified.")
		case !free:
			return a, problem.New(problem.Conflict, "The e-mail address is another user's, who is not taken to be the same person.")
		}
		if err := s.mayReturn(ctx, tx, f, a.account); err != nil {
			return a, err
		}
		a.user, a.fields = newSID("US"), []string{"email", "name", "roles"}
		return a, s.insertFederated(ctx, tx, f, a.account, a.user)
	}
	a.user = known.user
	of, err := s.memberIn(ctx, tx, a.account, a.user, s.forUpdate)
	if problem.CodeOf(err) == problem.NotFound {
		return a, problem.New(problem.Conflict, "This person is a user of another account.")
	}
	if err != nil {
		return a, err
	}
	if !free || f.Email == "" {
		f.Email = of.Email
	}
	if f.Email != of.Email {
		a.fields = append(a.fields, "email")
	}
	if err := s.updateFederated(ctx, tx, f, of); err != nil {
		return a, err
	}
	// Who has been given ownership keeps it: no group gives it, and none takes it away.
	same := slices.Contains(of.Roles, policy.Owner) || rolesText(of.Roles) == rolesText(f.Roles)
	if !same || known.suspended {
		a.fields = append(a.fields, "roles")
	}
	if same {
		return a, nil
	}
	generation, err := block(a.user)
	if err != nil {
		return a, err
	}
	a.change = identity.RoleChange{ID: newChangeID(), User: a.user, Generation: generation}
	return a, s.changeRoles(ctx, tx, a.account, f.Roles, a.change)
}

// withdraw suspends a user of whom their issuer says that they hold nothing, unless they are the Owner. Who is suspended
// already has no sessions to be told.
func (s *Store) withdraw(
	ctx context.Context, tx *sql.Tx, f identity.Federated, known known, block func(string) (int64, error),
) (a admitted, err error) {
	var of identity.Member
	st := new(statement)
	st.write("SELECT ", memberColumns, " FROM users WHERE sid = ", st.arg(known.user), s.forUpdate)
	if err := s.scanUser(ctx, tx, st, memberPlaces(&of)...); err != nil {
		return a, err
	}
	a.user, a.account = of.SID, of.Account
	switch {
	case slices.Contains(of.Roles, policy.Owner):
		return a, nil
	case known.suspended:
		return a, s.suspendedSince(ctx, tx, of.SID, f.Asserted)
	}
	generation, err := block(of.SID)
	if err != nil {
		return a, err
	}
	a.change = identity.RoleChange{ID: newChangeID(), User: of.SID, Generation: generation}
	a.fields = []string{"roles"}
	return a, s.suspend(ctx, tx, of, f.Asserted, a.change)
}

// suspend has a user of another issuer hold nothing until an assertion of this time or later says otherwise.
func (s *Store) suspend(ctx context.Context, tx *sql.Tx, of identity.Member, since time.Time, change identity.RoleChange) error {
	if slices.Contains(of.Roles, policy.Owner) {
		return problem.New(problem.Conflict, "An account has exactly one Owner.")
	}
	if err := s.suspendedSince(ctx, tx, of.SID, since); err != nil {
		return err
	}
	return s.remember(ctx, tx, change)
}

func (s *Store) suspendedSince(ctx context.Context, tx *sql.Tx, user string, since time.Time) error {
	st := new(statement)
	st.write("UPDATE users SET suspended_at = ", st.arg(micros(since)), " WHERE sid = ", st.arg(user))
	if _, err := s.exec(ctx, tx, st); err != nil {
		return failed(ctx, "suspending a user", err)
	}
	return nil
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

// known is what is known of someone of another issuer; zero for nobody.
type known struct {
	user      string
	since     int64 // an assertion that is older counts for nothing
	suspended bool
}

// identified finds someone of another issuer.
func (s *Store) identified(ctx context.Context, tx *sql.Tx, f identity.Federated) (found known, err error) {
	st := new(statement)
	st.write("SELECT user_sid, CASE WHEN suspended_at > asserted_at THEN suspended_at ELSE asserted_at END, suspended_at IS NOT NULL",
		" FROM identities JOIN users ON users.sid = user_sid WHERE issuer = ", st.arg(f.Issuer), " AND subject = ", st.arg(f.Subject))
	err = s.scanOne(ctx, tx, st, &found.user, &found.since, (*flag)(&found.suspended))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return known{}, failed(ctx, "looking for an identity", err)
	}
	return found, nil
}

// unclaimed says whether an e-mail address is nobody's but this user's.
func (s *Store) unclaimed(ctx context.Context, tx *sql.Tx, email, user string) (bool, error) {
	st := new(statement)
	st.write("SELECT COUNT(*) FROM users WHERE email = ", st.arg(email), " AND sid <> ", st.arg(user))
	var others int
	if err := s.scanOne(ctx, tx, st, &others); err != nil {
		return false, failed(ctx, "looking for an e-mail address", err)
	}
	return others == 0, nil
}

func (s *Store) insertFederated(ctx context.Context, tx *sql.Tx, f identity.Federated, account, user string) error {
	now := micros(s.now())
	made := new(statement)
	made.write("INSERT INTO users (sid, account_sid, email, name, roles, password_hash, date_created, date_updated) VALUES (",
		made.arg(user), ", ", made.arg(account), ", ", made.arg(f.Email), ", ", made.arg(f.Name), ", ", made.arg(rolesText(f.Roles)), ", '', ",
		made.arg(now), ", ", made.arg(now), ")")
	identified := new(statement)
	identified.write("INSERT INTO identities (issuer, subject, user_sid, asserted_at, date_created) VALUES (",
		identified.arg(f.Issuer), ", ", identified.arg(f.Subject), ", ", identified.arg(user), ", ",
		identified.arg(micros(f.Asserted)), ", ", identified.arg(now), ")")
	// An invitation to who has come is over.
	over := new(statement)
	over.write("DELETE FROM invitations WHERE account_sid = ", over.arg(account), " AND email = ", over.arg(f.Email))
	for _, st := range []*statement{made, identified, over} {
		if _, err := s.exec(ctx, tx, st); err != nil {
			return failed(ctx, "making a user of another issuer", err)
		}
	}
	return nil
}

// updateFederated keeps what has changed of someone's address and name, and by which assertion; a name that is empty
// stays as it was. They hold roles again if they did not.
func (s *Store) updateFederated(ctx context.Context, tx *sql.Tx, f identity.Federated, of identity.Member) error {
	person := new(statement)
	name := "name"
	if f.Name != "" {
		name = person.arg(f.Name)
	}
	person.write("UPDATE users SET email = ", person.arg(f.Email), ", name = ", name, ", suspended_at = NULL, date_updated = ", person.arg(micros(s.now())),
		" WHERE sid = ", person.arg(of.SID), " AND (email <> ", person.arg(f.Email), " OR name <> ", name, " OR suspended_at IS NOT NULL)")
	asserted := new(statement)
	asserted.write("UPDATE identities SET asserted_at = ", asserted.arg(micros(f.Asserted)), " WHERE user_sid = ", asserted.arg(of.SID))
	for _, st := range []*statement{person, asserted} {
		if _, err := s.exec(ctx, tx, st); err != nil {
			return failed(ctx, "updating a user of another issuer", err)
		}
	}
	return nil
}
