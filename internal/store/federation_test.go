package store_test

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
)

// ines is someone of another issuer, in the demo's account.
func ines(roles ...policy.Role) identity.Federated {
	return identity.Federated{
		Issuer: "https://login.corp.example", Subject: "1001", Account: demo.Main().SID, Email: "ines@corp.example", Name: "Ines Ortega", Roles: roles,
	}
}

// unasked is a block that must not be asked for.
func unasked(t *testing.T) func(string) (int64, error) {
	return func(string) (int64, error) { t.Error("it blocks sessions although no roles change"); return 0, nil }
}

func TestAdmit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s, ctx := db.Demo(t), t.Context()
		user, change, err := s.Admit(ctx, ines(policy.Developer), unasked(t))
		if err != nil || change != (identity.RoleChange{}) {
			t.Fatalf("%+v, %v", change, err)
		}
		want := identity.Member{
			SID: user, Account: demo.Main().SID, Email: "ines@corp.example", Roles: []policy.Role{policy.Developer}, Issuer: "https://login.corp.example",
		}
		c, err := s.CredentialOf(ctx, "ines@corp.example")
		if err != nil || !reflect.DeepEqual(c.Member, want) || c.PasswordHash != "" {
			t.Errorf("%+v, %v", c, err)
		}

		again, change, err := s.Admit(ctx, ines(policy.Developer), unasked(t))
		if err != nil || again != user || change.User != "" {
			t.Errorf("unchanged: %s, %+v, %v", again, change, err)
		}

		moved := ines(policy.Support, policy.BillingManager)
		moved.Email, moved.Name = "ines.ortega@corp.example", "Ines O."
		again, change, err = s.Admit(ctx, moved, func(of string) (int64, error) {
			if of != user {
				t.Errorf("it blocks %s", of)
			}
			return 5, nil
		})
		if err != nil || again != user || change.User != user || change.Generation != 5 {
			t.Errorf("changed: %s, %+v, %v", again, change, err)
		}
		pending, err := s.PendingRoleChanges(ctx, 10)
		if err != nil || len(pending) != 1 || pending[0] != change {
			t.Errorf("outbox %+v, %v", pending, err)
		}
		u, err := s.User(ctx, everything(demo.Main().SID, model.User{}), user)
		if err != nil || u.Email != moved.Email || u.Name != moved.Name || fmt.Sprint(u.Roles) != "[BILLING_MANAGER SUPPORT]" {
			t.Errorf("%+v, %v", u, err)
		}

		refused := errors.New("sessions cannot be reached")
		if _, _, err := s.Admit(ctx, ines(policy.Administrator), func(string) (int64, error) { return 0, refused }); !errors.Is(err, refused) {
			t.Errorf("%v, want %v", err, refused)
		}
		if m, err := s.MemberOf(ctx, user); err != nil || fmt.Sprint(m.Roles) != "[BILLING_MANAGER SUPPORT]" || m.Email != moved.Email {
			t.Errorf("what was refused has left %+v, %v", m, err)
		}
	})
}

// TestAdmitNotThem: an address is no proof of being someone, nor is a subject of another issuer.
func TestAdmitNotThem(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s, ctx := db.Demo(t), t.Context()
		first, _, err := s.Admit(ctx, ines(policy.Support), unasked(t))
		if err != nil {
			t.Fatal(err)
		}
		owner := demo.Main().With(policy.Owner)
		for _, row := range []struct {
			name   string
			change func(*identity.Federated)
			code   problem.Code
		}{
			{"the Owner's address", func(f *identity.Federated) { f.Subject, f.Email = "1002", owner.Email }, problem.Conflict},
			{"the Owner's address, taken up later", func(f *identity.Federated) { f.Email = owner.Email }, problem.Conflict},
			{"the address of a user of another account", func(f *identity.Federated) { f.Subject, f.Email = "1002", "owner@second.example.com" }, problem.Conflict},
			{"the address of the same subject of another issuer", func(f *identity.Federated) { f.Issuer = "https://login.elsewhere.example" }, problem.Conflict},
			{"another account", func(f *identity.Federated) { f.Account = demo.Second().SID }, problem.Conflict},
			{"an account that there is not", func(f *identity.Federated) { f.Account = "AC0" }, problem.NotFound},
			{"no account, where there are two", func(f *identity.Federated) { f.Account = "" }, problem.NotFound},
		} {
			t.Run(row.name, func(t *testing.T) {
				f := ines(policy.Support)
				row.change(&f)
				user, _, err := s.Admit(ctx, f, unasked(t))
				wantProblem(t, err, row.code)
				if user != "" {
					t.Errorf("it is %s", user)
				}
			})
		}
		if m, err := s.MemberOf(ctx, owner.SID); err != nil || m.Issuer != "" || m.Roles[0] != policy.Owner {
			t.Errorf("the Owner: %+v, %v", m, err)
		}
		other := ines(policy.Support)
		other.Issuer, other.Email = "https://login.elsewhere.example", "ines@elsewhere.example"
		if user, _, err := s.Admit(ctx, other, unasked(t)); err != nil || user == first {
			t.Errorf("the same subject of another issuer: %s, %v", user, err)
		}
		for name, change := range map[string]func(*identity.Federated){
			"no issuer":  func(f *identity.Federated) { f.Issuer = "" },
			"no subject": func(f *identity.Federated) { f.Subject = "" },
			"no roles":   func(f *identity.Federated) { f.Roles = nil },
			"Owner":      func(f *identity.Federated) { f.Roles = []policy.Role{policy.Owner} },
		} {
			f := ines(policy.Support)
			change(&f)
			if user, _, err := s.Admit(ctx, f, unasked(t)); err == nil || user != "" {
				t.Errorf("%s: %s, %v", name, user, err)
			}
		}
	})
}

// TestAdmitOwner: who was given ownership keeps it, whatever their groups are.
func TestAdmitOwner(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s, ctx := db.Demo(t), t.Context()
		user, _, err := s.Admit(ctx, ines(policy.Administrator), unasked(t))
		if err != nil {
			t.Fatal(err)
		}
		tx, err := s.DB().BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range []string{
			"UPDATE users SET roles = 'ADMINISTRATOR' WHERE sid = '" + demo.Main().With(policy.Owner).SID + "'",
			"UPDATE users SET roles = 'OWNER' WHERE sid = '" + user + "'",
			"UPDATE accounts SET owner_id = '" + user + "' WHERE sid = '" + demo.Main().SID + "'",
		} {
			if _, err := tx.Exec(change); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if again, change, err := s.Admit(ctx, ines(policy.Support), unasked(t)); err != nil || again != user || change.User != "" {
			t.Errorf("%s, %+v, %v", again, change, err)
		}
	})
}

// TestAdmitAtTheSameTime: someone who comes first twice at once is one user.
func TestAdmitAtTheSameTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s := db.Demo(t)
		var all sync.WaitGroup
		users := make([]string, 6)
		for i := range users {
			all.Go(func() {
				var err error
				if users[i], _, err = s.Admit(t.Context(), ines(policy.Support), unasked(t)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, user := range users {
			if user != users[0] {
				t.Errorf("they are %q", users)
				break
			}
		}
	})
}

// TestAdmitOnly: where there is one account, none need be named.
func TestAdmitOnly(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s := db.Empty(t)
		f := ines(policy.Support)
		f.Account = ""
		_, _, err := s.Admit(t.Context(), f, unasked(t))
		wantProblem(t, err, problem.NotFound)
		if err := s.CreateAccount(t.Context(), identity.NewAccount{Name: "Halyard Freight", OwnerEmail: "ada@example.com"}, invitation(t)); err != nil {
			t.Fatal(err)
		}
		user, _, err := s.Admit(t.Context(), f, unasked(t))
		if err != nil {
			t.Fatal(err)
		}
		owner, err := s.CredentialOf(t.Context(), "ada@example.com")
		m, also := s.MemberOf(t.Context(), user)
		if err != nil || also != nil || m.Account != owner.Account {
			t.Errorf("%+v, %v, %v", m, err, also)
		}
	})
}

var _ identity.Federation = (*store.Store)(nil)
