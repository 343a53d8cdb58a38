package store_test

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// asserted is when the issuer said so.
var asserted = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// ines is someone of another issuer, in the demo's account.
func ines(roles ...policy.Role) identity.Federated {
	return identity.Federated{
		Asserted: asserted, Issuer: "https://login.corp.example", Subject: "1001", Account: demo.Main().SID, Email: "ines@corp.example", Name: "Ines Ortega", Roles: roles,
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
			SID: user, Account: demo.Main().SID, Email: "ines@corp.example", Roles: []policy.Role{policy.Developer}, Issuer: "https://login.corp.example", Asserted: asserted,
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
// TestAdmitTrail: what an issuer gives and takes is in the account's trail, and what changes nothing is not.
func TestAdmitTrail(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s := db.Demo(t)
		var user string
		told := 0
		s.OnCommitted(func(audit.Record) { told++ })
		moved := ines(policy.Support)
		moved.Email = "ortega@corp.example"
		for i, step := range []struct {
			comes identity.Federated
			want  string
		}{
			{ines(), ""},
			{ines(policy.Developer), "email,name,roles"},
			{ines(policy.Developer), ""},
			{ines(policy.Support), "roles"},
			{moved, "email"},
			{ines(), "roles"},
			{ines(), ""},
			{moved, "roles"},
		} {
			told = 0
			before := count(t, s, "audit_events WHERE account_sid = $1", demo.Main().SID)
			admitted, _, err := s.Admit(t.Context(), step.comes, func(string) (int64, error) { return 1, nil })
			if err != nil {
				t.Fatal(err)
			}
			user = cmp.Or(user, admitted)
			if step.want == "" {
				if after := count(t, s, "audit_events WHERE account_sid = $1", demo.Main().SID); after != before || told != 0 {
					t.Errorf("step %d: %d events, %d told of", i, after-before, told)
				}
				continue
			}
			rows := rawRows(t, s, "SELECT user_sid, resource_sid, coordinate, fields FROM audit_events WHERE account_sid = $1 AND sequence > $2", demo.Main().SID, before)
			want := map[string]any{"user_sid": user, "resource_sid": user, "coordinate": "admit", "fields": step.want}
			if len(rows) != 1 || !reflect.DeepEqual(rows[0], want) || told != 1 {
				t.Errorf("step %d: %v, want %v", i, rows, want)
			}
		}
	})
}

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
			{"no address", func(f *identity.Federated) { f.Subject, f.Email = "1002", "" }, problem.BadUserInput},
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
			"no time":    func(f *identity.Federated) { f.Asserted = time.Time{} },
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

// TestAdmitAddress: who is known is so by issuer and subject, so an address that is not to be had changes nothing but that
// they keep theirs; what they hold changes.
func TestAdmitAddress(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s, ctx := db.Demo(t), t.Context()
		user, _, err := s.Admit(ctx, ines(policy.Administrator), unasked(t))
		if err != nil {
			t.Fatal(err)
		}
		for address, role := range map[string]policy.Role{demo.Main().With(policy.Owner).Email: policy.Support, "": policy.Developer} {
			f := ines(role)
			f.Email, f.Name = address, ""
			if again, _, err := s.Admit(ctx, f, func(string) (int64, error) { return 1, nil }); err != nil || again != user {
				t.Errorf("%q: %s, %v", address, again, err)
			}
			u, err := s.User(ctx, everything(demo.Main().SID, model.User{}), user)
			if err != nil || u.Email != "ines@corp.example" || u.Name != "Ines Ortega" || fmt.Sprint(u.Roles) != "["+string(role)+"]" {
				t.Errorf("%q: %+v, %v", address, u, err)
			}
		}
	})
}

// TestAdmitOlder: what was said before the last that was taken counts for nothing.
func TestAdmitOlder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s, ctx := db.Demo(t), t.Context()
		allowed := func(string) (int64, error) { return 1, nil }
		user, _, err := s.Admit(ctx, ines(policy.Support), unasked(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			name  string
			after time.Duration
			roles []policy.Role
			good  bool
			holds string
		}{
			{"older, with more", -time.Second, []policy.Role{policy.Administrator}, false, "[SUPPORT]"},
			{"older, with nothing", -time.Second, nil, false, "[SUPPORT]"},
			{"the same again", 0, []policy.Role{policy.Support}, true, "[SUPPORT]"},
			{"newer, with more", time.Minute, []policy.Role{policy.Administrator}, true, "[ADMINISTRATOR]"},
			{"what was the last before", 0, []policy.Role{policy.Support}, false, "[ADMINISTRATOR]"},
			{"newer, with nothing", 3 * time.Minute, nil, true, "[]"},
			{"older than that, with more", 2 * time.Minute, []policy.Role{policy.Administrator}, false, "[]"},
			{"still newer, with nothing", 5 * time.Minute, nil, true, "[]"},
			{"between the two", 4 * time.Minute, []policy.Role{policy.Administrator}, false, "[]"},
			{"newest", 6 * time.Minute, []policy.Role{policy.Developer}, true, "[DEVELOPER]"},
		} {
			f := ines(row.roles...)
			f.Asserted = asserted.Add(row.after)
			got, _, err := s.Admit(ctx, f, allowed)
			if row.good && err != nil || !row.good && problem.CodeOf(err) != problem.Conflict || (got == user) != (row.good && row.roles != nil) {
				t.Errorf("%s: %q, %v", row.name, got, err)
			}
			if u, err := s.User(ctx, everything(demo.Main().SID, model.User{}), user); err != nil || fmt.Sprint(u.Roles) != row.holds {
				t.Errorf("%s: %+v, %v", row.name, u, err)
			}
		}
		if m, err := s.MemberOf(ctx, user); err != nil || !m.Asserted.Equal(asserted.Add(6*time.Minute)) {
			t.Errorf("%+v, %v", m, err)
		}
	})
}

// TestSuspended: who holds nothing any more is not there, makes nothing and changes nobody, and is told of to the sessions.
func TestSuspended(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		for _, by := range []string{"the issuer", "a manager"} {
			t.Run(by, func(t *testing.T) {
				s, ctx := db.Demo(t), t.Context()
				s.SetNow(func() time.Time { return asserted.Add(time.Minute) })
				if user, change, err := s.Admit(ctx, ines(), unasked(t)); user != "" || change != (identity.RoleChange{}) || err != nil {
					t.Fatalf("who comes first with nothing: %q, %+v, %v", user, change, err)
				}
				user, _, err := s.Admit(ctx, ines(policy.Administrator), unasked(t))
				if err != nil {
					t.Fatal(err)
				}
				owner, support := demo.Main().With(policy.Owner).SID, demo.Main().With(policy.Support).SID
				check := func(identity.Member, identity.Member, bool) (int64, error) { return 7, nil }
				suspend := func() (change identity.RoleChange, err error) {
					if by == "a manager" {
						return s.SetRoles(ctx, as(demo.Main().SID, owner), user, nil, check)
					}
					_, change, err = s.Admit(ctx, ines(), func(string) (int64, error) { return 7, nil })
					return change, err
				}
				change, err := suspend()
				if err != nil || change.User != user || change.Generation != 7 {
					t.Fatalf("%+v, %v", change, err)
				}
				if pending, err := s.PendingRoleChanges(ctx, 10); err != nil || len(pending) != 1 || pending[0] != change {
					t.Errorf("outbox %+v, %v", pending, err)
				}
				if _, err := s.MemberOf(ctx, user); problem.CodeOf(err) != problem.NotFound {
					t.Errorf("they are there: %v", err)
				}
				_, err = s.SetRoles(ctx, as(demo.Main().SID, user), support, []policy.Role{policy.Developer}, check)
				wantProblem(t, err, problem.Forbidden)
				_, err = s.CreateOAuthClient(ctx, changing(mainClients()), identity.KeptClient{
					NewClient: identity.NewClient{Name: "x", Grants: []policy.Grant{{Permission: "USAGE", Actions: []policy.Action{policy.Read}}}},
					Creator:   user, SecretHash: "x", Ends: asserted.AddDate(1, 0, 0), Most: 20,
				})
				wantProblem(t, err, problem.NotFound)
				administrator := policy.Administrator
				found, err := s.Users(ctx, everything(demo.Main().SID, model.User{}), identity.UserFilter{Role: &administrator}, upstream.Page{First: 50})
				for _, u := range found.Items {
					if err != nil || u.Sid == user {
						t.Errorf("they are among the Administrators: %v", err)
					}
				}
				if _, err := suspend(); err != nil {
					t.Errorf("once more: %v", err)
				}
				f := ines(policy.Administrator)
				if by == "a manager" { // what the issuer has said before that does not let them in again
					_, _, err := s.Admit(ctx, f, unasked(t))
					wantProblem(t, err, problem.Conflict)
				}
				f.Asserted = asserted.Add(time.Minute)
				if again, _, err := s.Admit(ctx, f, unasked(t)); err != nil || again != user {
					t.Errorf("%s, %v", again, err)
				}
				if m, err := s.MemberOf(ctx, user); err != nil || fmt.Sprint(m.Roles) != "[ADMINISTRATOR]" {
					t.Errorf("%+v, %v", m, err)
				}
			})
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
		if _, change, err := s.Admit(ctx, ines(), unasked(t)); err != nil || change.User != "" {
			t.Errorf("with no role: %+v, %v", change, err)
		}
		_, err = s.SetRoles(ctx, as(demo.Main().SID, demo.Main().With(policy.Administrator).SID), user, nil,
			func(identity.Member, identity.Member, bool) (int64, error) { return 7, nil })
		wantProblem(t, err, problem.Conflict)
		if m, err := s.MemberOf(ctx, user); err != nil || m.Roles[0] != policy.Owner {
			t.Errorf("%+v, %v", m, err)
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
