package store_test

import (
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// newHash stands for the PHC string of a new password.
const newHash = "$argon2id$v=19$m=19456,t=2,p=1$bmV3$bmV3"

// invitation is one that is good for an hour, from the demo's moment on.
func invitation(t *testing.T) identity.Invitation {
	t.Helper()
	i, _, err := identity.NewInvitation(storetest.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// passwordless takes the password of a user away, as of one who never had one.
func passwordless(t *testing.T, s *store.Store, sid string) {
	t.Helper()
	if _, err := s.DB().Exec("UPDATE users SET password_hash = '' WHERE sid = $1", sid); err != nil {
		t.Fatal(err)
	}
}

// as is a change of users that someone makes in an account; "" for a guest.
func as(account, user string) upstream.Change {
	fields := slices.Concat(fieldsOf(model.User{}), fieldsOf(model.Invitation{}))
	return by(upstream.NewScope(account, policy.NewFields(fields...)), user, "setUserRoles")
}

// mayAll is a rule that lets everything pass.
func mayAll(identity.Member, []policy.Role, []policy.Role, bool) error { return nil }

func testInvitations(t *testing.T, s *store.Store) {
	ctx := t.Context()
	owner := demo.Main().With(policy.Owner)
	soon := storetest.Now().Add(time.Minute)
	invite := func(t *testing.T) identity.Invitation {
		t.Helper()
		i := invitation(t)
		if err := s.InviteOwner(ctx, owner.Email, i); err != nil {
			t.Fatal(err)
		}
		return i
	}
	refused := func(t *testing.T, i identity.Invitation, at time.Time) {
		t.Helper()
		before := rawRows(t, s, "SELECT * FROM users ORDER BY sid")
		open := rawRows(t, s, "SELECT * FROM invitations ORDER BY sid")
		_, err := s.Invited(ctx, i.TokenHash, at)
		wantProblem(t, err, problem.NotFound)
		email, err := s.AcceptInvitation(ctx, as(demo.Main().SID, ""), i.TokenHash, newHash, at, mayAll)
		wantProblem(t, err, problem.NotFound)
		if email != "" || !reflect.DeepEqual(before, rawRows(t, s, "SELECT * FROM users ORDER BY sid")) ||
			!reflect.DeepEqual(open, rawRows(t, s, "SELECT * FROM invitations ORDER BY sid")) {
			t.Errorf("it was refused, and yet something changed: %q", email)
		}
	}

	wantProblem(t, s.InviteOwner(ctx, owner.Email, invitation(t)), problem.Conflict) // has a password
	passwordless(t, s, owner.SID)
	for _, email := range []string{"nobody@example.com", "", demo.Main().With(policy.Administrator).Email} {
		wantProblem(t, s.InviteOwner(ctx, email, invitation(t)), problem.NotFound)
	}
	replaced := invite(t)
	i := invite(t)
	t.Run("replaced by a newer one", func(t *testing.T) { refused(t, replaced, soon) })
	t.Run("unknown", func(t *testing.T) { refused(t, invitation(t), soon) })
	t.Run("expired", func(t *testing.T) { refused(t, i, i.Expires) })
	t.Run("of a user with a password", func(t *testing.T) {
		if _, err := s.DB().Exec("UPDATE users SET password_hash = $1 WHERE sid = $2", storetest.PasswordHash, owner.SID); err != nil {
			t.Fatal(err)
		}
		refused(t, i, soon)
		passwordless(t, s, owner.SID)
	})
	t.Run("of an address that the user no longer has", func(t *testing.T) {
		for _, email := range []string{"new@example.com", owner.Email} {
			if _, err := s.DB().Exec("UPDATE users SET email = $1 WHERE sid = $2", email, owner.SID); err != nil {
				t.Fatal(err)
			}
			if email != owner.Email {
				refused(t, i, soon)
			}
		}
	})
	t.Run("no password", func(t *testing.T) {
		if _, err := s.AcceptInvitation(ctx, as(demo.Main().SID, ""), i.TokenHash, "", soon, mayAll); err == nil {
			t.Error("it was accepted")
		}
	})
	t.Run("good", func(t *testing.T) {
		for range 2 { // to ask changes nothing
			if account, err := s.Invited(ctx, i.TokenHash, i.Expires.Add(-time.Microsecond)); err != nil || account != demo.Main().SID {
				t.Fatal(err)
			}
		}
		email, err := s.AcceptInvitation(ctx, as(demo.Main().SID, ""), i.TokenHash, newHash, soon, mayAll)
		if err != nil || email != owner.Email {
			t.Fatalf("%q, %v", email, err)
		}
		changed := rawRows(t, s, "SELECT email, password_hash FROM users WHERE password_hash <> $1", storetest.PasswordHash)
		if len(changed) != 1 || changed[0]["email"] != owner.Email || changed[0]["password_hash"] != newHash {
			t.Errorf("other passwords than before: %v", changed)
		}
	})
	t.Run("used", func(t *testing.T) {
		refused(t, i, soon)
		passwordless(t, s, owner.SID)
		refused(t, i, soon) // whatever becomes of the user
	})
	t.Run("one after another", func(t *testing.T) {
		if _, err := s.AcceptInvitation(ctx, as(demo.Main().SID, ""), invite(t).TokenHash, newHash, soon, mayAll); err != nil {
			t.Error(err)
		}
	})
}

// testInvitationOnce has twenty accept one invitation at the same time.
func testInvitationOnce(t *testing.T, s *store.Store) {
	owner, i := demo.Main().With(policy.Owner), invitation(t)
	passwordless(t, s, owner.SID)
	if err := s.InviteOwner(t.Context(), owner.Email, i); err != nil {
		t.Fatal(err)
	}
	var won atomic.Int32
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			switch email, err := s.AcceptInvitation(t.Context(), as(demo.Main().SID, ""), i.TokenHash, newHash, storetest.Now(), mayAll); {
			case err == nil && email == owner.Email:
				won.Add(1)
			case problem.CodeOf(err) != problem.NotFound:
				t.Errorf("%q, %v", email, err)
			}
		})
	}
	wait.Wait()
	if won.Load() != 1 {
		t.Errorf("%d accepted it, want 1", won.Load())
	}
}
