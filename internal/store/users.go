package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func userTable() table[model.User] {
	type object = model.User
	return table[object]{
		name: "users", typeName: "User", account: "account_sid",
		identity: func(u *object) (id, sid *string) { return &u.ID, &u.Sid },
		order:    []key{{column: "date_created", kind: moment}, {column: "sid", kind: text}},
		columns: []column[object]{
			{"email", "email", func(u *object) any { return &u.Email }},
			{"name", "name", func(u *object) any { return &u.Name }},
			{"roles", "roles", func(u *object) any { return wordList[model.Role]{&u.Roles} }},
			{"roles", "suspended_at", func(u *object) any { return noneSince[model.Role]{&u.Roles} }},
			{"lastSignIn", "last_sign_in", func(u *object) any { return instantOrNull{&u.LastSignIn} }},
			{"dateCreated", "date_created", func(u *object) any { return (*instant)(&u.DateCreated) }},
			{"dateUpdated", "date_updated", func(u *object) any { return (*instant)(&u.DateUpdated) }},
		},
	}
}

// Users lists the account's users, oldest first.
func (s *Store) Users(
	ctx context.Context, scope upstream.Scope, f identity.UserFilter, p upstream.Page,
) (upstream.List[model.User], error) {
	return list(ctx, s, &s.users, scope, p, equal("email", lowered(f.Email)), holds(f.Role))
}

// lowered is an e-mail address as it is kept.
func lowered(email *string) *string {
	if email == nil {
		return nil
	}
	lower := strings.ToLower(*email)
	return &lower
}

// User reads one of the account's users.
func (s *Store) User(ctx context.Context, scope upstream.Scope, sid string) (*model.User, error) {
	return get(ctx, s, &s.users, scope, sid)
}

// holds is the filter for users with a role, in the words of the role's index, without
// which it would not be used; none if there is no role.
func holds(role *policy.Role) filter {
	if role == nil {
		return nil
	}
	var sets []string
	for _, set := range roleSets() {
		for held := range strings.SplitSeq(set, ",") {
			if held == string(*role) {
				sets = append(sets, "'"+set+"'")
			}
		}
	}
	if sets == nil {
		return func(st *statement) { st.write(" AND 1 = 0") } // nobody holds an unknown role
	}
	return func(st *statement) { st.write(" AND roles IN (", strings.Join(sets, ", "), ")", standing) }
}

// roleSets are the roles that can be held together, as they are kept.
func roleSets() []string {
	return []string{
		"OWNER", "ADMINISTRATOR", "DEVELOPER", "BILLING_MANAGER", "SUPPORT",
		"DEVELOPER,BILLING_MANAGER", "DEVELOPER,SUPPORT", "BILLING_MANAGER,SUPPORT",
		"DEVELOPER,BILLING_MANAGER,SUPPORT",
	}
}

// CredentialOf finds a user by e-mail address, without regard to case.
func (s *Store) CredentialOf(ctx context.Context, email string) (identity.Credential, error) {
	var c identity.Credential
	st := new(statement)
	st.write("SELECT ", memberColumns, ", password_hash FROM users WHERE email = ", st.arg(strings.ToLower(email)))
	err := s.scanUser(ctx, s.db, st, append(memberPlaces(&c.Member), &c.PasswordHash)...)
	if err != nil {
		return identity.Credential{}, err
	}
	return c, nil
}

// MemberOf finds a user by SID, with the roles held now. One who is suspended is not there.
func (s *Store) MemberOf(ctx context.Context, sid string) (identity.Member, error) {
	var m identity.Member
	st := new(statement)
	st.write("SELECT ", memberColumns, " FROM users WHERE sid = ", st.arg(sid), standing)
	if err := s.scanUser(ctx, s.db, st, memberPlaces(&m)...); err != nil {
		return identity.Member{}, err
	}
	return m, nil
}

// SignedIn notes when a user signed in.
func (s *Store) SignedIn(ctx context.Context, sid string, at time.Time) error {
	st := new(statement)
	st.write("UPDATE users SET last_sign_in = ", st.arg(micros(at)), " WHERE sid = ", st.arg(sid))
	changed, err := s.exec(ctx, s.db, st)
	if err != nil {
		return failed(ctx, "noting a sign-in", err)
	}
	if changed == 0 {
		return problem.Missing()
	}
	return nil
}

const (
	// memberColumns are the columns of a member.
	memberColumns = "sid, account_sid, email, roles, COALESCE((SELECT issuer FROM identities WHERE user_sid = users.sid), ''), " +
		"(SELECT asserted_at FROM identities WHERE user_sid = users.sid)"

	// standing is the filter for users who were not cut off.
	standing = " AND suspended_at IS NULL"
)

// memberPlaces is where they go.
func memberPlaces(m *identity.Member) []any {
	return []any{&m.SID, &m.Account, &m.Email, wordList[policy.Role]{&m.Roles}, &m.Issuer, (*instantOrZero)(&m.Asserted)}
}

func (s *Store) scanUser(ctx context.Context, q querier, st *statement, places ...any) error {
	err := s.scanOne(ctx, q, st, places...)
	if errors.Is(err, sql.ErrNoRows) {
		return problem.Missing()
	}
	if err != nil {
		return failed(ctx, "reading a user", err)
	}
	return nil
}
