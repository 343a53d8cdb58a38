package store_test

import (
	"cmp"
	"errors"
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
)

func testUsers(t *testing.T, s *store.Store) {
	ctx := t.Context()
	support := demo.Main().With(policy.Support)
	want := identity.Member{SID: support.SID, Account: demo.Main().SID, Email: support.Email, Roles: []policy.Role{policy.Support}}
	for _, email := range []string{"support@example.com", "Support@EXAMPLE.com"} {
		c, err := s.CredentialOf(ctx, email)
		if err != nil || !reflect.DeepEqual(c.Member, want) || c.PasswordHash != storetest.PasswordHash {
			t.Errorf("%s: %+v, error %v", email, c.Member, err)
		}
	}
	if m, err := s.MemberOf(ctx, support.SID); err != nil || !reflect.DeepEqual(m, want) {
		t.Errorf("%+v, error %v", m, err)
	}
	for _, nobody := range []string{"", "nobody@example.com", "support@example.com ", "%"} {
		_, err := s.CredentialOf(ctx, nobody)
		wantProblem(t, err, problem.NotFound)
		_, err = s.MemberOf(ctx, nobody)
		wantProblem(t, err, problem.NotFound)
		wantProblem(t, s.SignedIn(ctx, nobody, storetest.Now()), problem.NotFound)
	}

	scope := everything(demo.Main().SID, model.User{})
	before, err := s.User(ctx, scope, support.SID)
	if err != nil || before.LastSignIn != nil {
		t.Fatalf("signed in at %v before ever doing so, error %v", before.LastSignIn, err)
	}
	at := storetest.Now().Add(time.Microsecond)
	if err := s.SignedIn(ctx, support.SID, at); err != nil {
		t.Fatal(err)
	}
	after, err := s.User(ctx, scope, support.SID)
	if err != nil || after.LastSignIn == nil || !after.LastSignIn.Equal(at) {
		t.Errorf("signed in at %v, want %v, error %v", after.LastSignIn, at, err)
	}

	t.Run("by role", func(t *testing.T) {
		both := []policy.Role{policy.Support, policy.Developer}
		owner, billing := demo.Main().With(policy.Owner), demo.Main().With(policy.BillingManager)
		if _, err := s.SetRoles(ctx, as(demo.Main().SID, owner.SID), billing.SID, both, allow); err != nil {
			t.Fatal(err)
		}
		for role, want := range map[policy.Role]int{
			policy.Owner: 1, policy.Administrator: 1, policy.Developer: 2, policy.BillingManager: 0, policy.Support: 2, "OTHER' OR '1'='1": 0,
		} {
			for _, l := range userListings() {
				if l.name == "users by role "+string(role) {
					if users, _ := walk(t, s, l, scope, 1); len(users) != want {
						t.Errorf("%d users hold %s, want %d", len(users), role, want)
					}
				}
			}
		}
	})
}

// allow is a check that lets everything pass.
func allow(_, _ identity.Member, _ bool) (int64, error) { return 7, nil }

func testSetRoles(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a := demo.Main()
	owner, support := a.With(policy.Owner), a.With(policy.Support)
	var by, of identity.Member
	var onlyOwner bool
	check := func(actor, target identity.Member, only bool) (int64, error) {
		by, of, onlyOwner = actor, target, only
		return 41, nil
	}
	roles := []policy.Role{policy.Support, policy.BillingManager, policy.Developer} // in no order
	first, err := s.SetRoles(ctx, as(a.SID, owner.SID), support.SID, roles, check)
	if err != nil {
		t.Fatal(err)
	}
	if by.SID != owner.SID || !slices.Equal(by.Roles, []policy.Role{policy.Owner}) || of.SID != support.SID ||
		!slices.Equal(of.Roles, []policy.Role{policy.Support}) || of.Email != support.Email || onlyOwner {
		t.Errorf("check was called with %+v, %+v and %v", by, of, onlyOwner)
	}
	want := []policy.Role{policy.Developer, policy.BillingManager, policy.Support}
	if m, err := s.MemberOf(ctx, support.SID); err != nil || !slices.Equal(m.Roles, want) {
		t.Errorf("roles %v, want %v, error %v", m.Roles, want, err)
	}

	if _, err := s.DB().Exec("UPDATE accounts SET only_owner_manages_administrators = TRUE WHERE sid = $1", a.SID); err != nil {
		t.Fatal(err)
	}
	second, err := s.SetRoles(ctx, as(a.SID, owner.SID), support.SID, []policy.Role{policy.Administrator}, check)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(of.Roles, want) || !onlyOwner {
		t.Errorf("check was called with the roles %v and %v", of.Roles, onlyOwner)
	}

	if first.User != support.SID || first.Generation != 41 || first.ID == second.ID {
		t.Errorf("changes %+v and %+v", first, second)
	}
	wantPending(t, s, first, second)
	if few, err := s.PendingRoleChanges(ctx, 1); err != nil || len(few) != 1 || few[0] != first {
		t.Errorf("the oldest is %v, want %v, error %v", few, first, err)
	}
	for range 2 { // the second time it is gone, which is no error
		if err := s.RoleChangeDone(ctx, first.ID); err != nil {
			t.Fatal(err)
		}
	}
	wantPending(t, s, second)
}

func wantPending(t *testing.T, s *store.Store, want ...identity.RoleChange) {
	t.Helper()
	got, err := s.PendingRoleChanges(t.Context(), 10)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("in the outbox are %v, want %v, error %v", got, want, err)
	}
}

func testSetRolesRefused(t *testing.T, s *store.Store) {
	a, other := demo.Main(), demo.Second()
	owner, admin, support := a.With(policy.Owner).SID, a.With(policy.Administrator).SID, a.With(policy.Support).SID
	support2 := other.With(policy.Support).SID
	for _, row := range []struct {
		name                   string
		account, actor, target string
		roles                  []policy.Role
		code                   problem.Code
		checked                bool
	}{
		{"no roles", a.SID, owner, support, nil, problem.BadUserInput, true},
		{"roles that stand alone", a.SID, owner, support, []policy.Role{policy.Administrator, policy.Support}, problem.BadUserInput, false},
		{"unknown role", a.SID, owner, support, []policy.Role{"ROOT"}, problem.BadUserInput, false},
		{"target of another account", a.SID, owner, support2, []policy.Role{policy.Developer}, problem.NotFound, false},
		{"unknown target", a.SID, owner, "US1", []policy.Role{policy.Developer}, problem.NotFound, false},
		{"actor of another account", a.SID, other.With(policy.Owner).SID, support, []policy.Role{policy.Developer}, problem.Forbidden, false},
		{"unknown actor", a.SID, "US1", support, []policy.Role{policy.Developer}, problem.Forbidden, false},
		{"no account", "", owner, support, []policy.Role{policy.Developer}, problem.NotFound, false},
		{"a second Owner", a.SID, owner, admin, []policy.Role{policy.Owner}, problem.Conflict, true},
		{"no Owner any more", a.SID, owner, owner, []policy.Role{policy.Administrator}, problem.Conflict, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			checked := false
			before := rawRows(t, s, "SELECT * FROM users ORDER BY sid")
			_, err := s.SetRoles(t.Context(), as(row.account, row.actor), row.target, row.roles,
				func(_, _ identity.Member, _ bool) (int64, error) { checked = true; return 1, nil })
			if problem.CodeOf(err) != row.code {
				t.Errorf("error %v, want %s", err, row.code)
			}
			if checked != row.checked {
				t.Errorf("check was called: %v, want %v", checked, row.checked)
			}
			if !reflect.DeepEqual(before, rawRows(t, s, "SELECT * FROM users ORDER BY sid")) {
				t.Error("users were changed")
			}
			wantPending(t, s)
		})
	}
	t.Run("the check's error undoes everything", func(t *testing.T) {
		refused := errors.New("refused")
		_, err := s.SetRoles(t.Context(), as(a.SID, owner), support, []policy.Role{policy.Developer},
			func(_, _ identity.Member, _ bool) (int64, error) { return 0, refused })
		if !errors.Is(err, refused) {
			t.Errorf("error %v, want that of the check", err)
		}
		wantPending(t, s)
	})
	// A failed commit must not leave its connection within a transaction.
	if _, err := s.SetRoles(t.Context(), as(a.SID, owner), support, []policy.Role{policy.Developer}, allow); err != nil {
		t.Errorf("after refused changes: %v", err)
	}
}

// testConcurrentSetRoles has many change the roles of one user. In the order in which
// the checks were called that were committed, each has seen what the one before it left.
func testConcurrentSetRoles(t *testing.T, s *store.Store) {
	a := demo.Main()
	owner, support := a.With(policy.Owner).SID, a.With(policy.Support).SID
	type change struct {
		generation   int64
		found, given []policy.Role
	}
	sets := [][]policy.Role{{policy.Developer}, {policy.Support}, {policy.Developer, policy.Support}, {policy.BillingManager}}
	var generation atomic.Int64
	var wait sync.WaitGroup
	changes := make([]change, 24)
	for i := range changes {
		wait.Go(func() {
			c := &changes[i]
			c.given = sets[i%len(sets)]
			_, err := s.SetRoles(t.Context(), as(a.SID, owner), support, c.given, func(_, of identity.Member, _ bool) (int64, error) {
				c.generation, c.found = generation.Add(1), of.Roles // the last time counts
				return c.generation, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.generation, b.generation) })
	last := []policy.Role{policy.Support}
	for i, c := range changes {
		if !slices.Equal(c.found, last) {
			t.Errorf("check %d found %v, want %v", i, c.found, last)
		}
		last = c.given
	}
	pending, err := s.PendingRoleChanges(t.Context(), 2*len(changes))
	if err != nil || len(pending) != len(changes) {
		t.Errorf("%d changes in the outbox, want %d, error %v", len(pending), len(changes), err)
	}
	if m, err := s.MemberOf(t.Context(), support); err != nil || !slices.Equal(m.Roles, last) {
		t.Errorf("roles %v, want %v, error %v", m.Roles, last, err)
	}
}

// testConstraints writes past the program what no program may write.
func testConstraints(t *testing.T, s *store.Store) {
	a, other := demo.Main(), demo.Second()
	owner, support := a.With(policy.Owner).SID, a.With(policy.Support).SID
	for _, row := range []struct {
		name, statement string
		args            []any
	}{
		{"no roles", "UPDATE users SET roles = '' WHERE sid = $1", []any{support}},
		{"roles in another order", "UPDATE users SET roles = 'SUPPORT,DEVELOPER' WHERE sid = $1", []any{support}},
		{"Administrator not alone", "UPDATE users SET roles = 'ADMINISTRATOR,SUPPORT' WHERE sid = $1", []any{support}},
		{"unknown role", "UPDATE users SET roles = 'ROOT' WHERE sid = $1", []any{support}},
		{"a second Owner", "UPDATE users SET roles = 'OWNER' WHERE sid = $1", []any{support}},
		{"the Owner demoted", "UPDATE users SET roles = 'SUPPORT' WHERE sid = $1", []any{owner}},
		{"the Owner deleted", "DELETE FROM users WHERE sid = $1", []any{owner}},
		{"no owner", "UPDATE accounts SET owner_id = NULL WHERE sid = $1", []any{a.SID}},
		{"an owner who is not Owner", "UPDATE accounts SET owner_id = $1 WHERE sid = $2", []any{support, a.SID}},
		{"another account's Owner", "UPDATE accounts SET owner_id = $1 WHERE sid = $2", []any{other.With(policy.Owner).SID, a.SID}},
		{"an e-mail address twice", "UPDATE users SET email = 'owner@example.com' WHERE sid = $1", []any{support}},
		{"an e-mail address in capitals", "UPDATE users SET email = 'Other@example.com' WHERE sid = $1", []any{support}},
		{"a user moved to no account", "UPDATE users SET account_sid = 'AC1' WHERE sid = $1", []any{support}},
		{"a price without a currency", "UPDATE calls SET price_micros = 1, price_unit = NULL WHERE account_sid = $1", []any{a.SID}},
		{"a method that is none", "UPDATE applications SET voice_method = 'PUT' WHERE account_sid = $1", []any{a.SID}},
		{"a Function of no service", "UPDATE functions SET service_sid = 'ZS1' WHERE account_sid = $1", []any{a.SID}},
		{"a unique name twice", "UPDATE function_services SET unique_name = 'same' WHERE account_sid = $1", []any{a.SID}},
		{"Flex of no account", "INSERT INTO flex_configurations (account_sid, date_created, date_updated) VALUES ('AC1', 0, 0)", nil},
		{"a state that Flex has not", "UPDATE flex_configurations SET status = 'GONE' WHERE account_sid = $1", []any{a.SID}},
		{"an order that tasks have not", "UPDATE task_queues SET task_order = 'ANY' WHERE account_sid = $1", []any{a.SID}},
		{"a total that is no sum", "UPDATE invoices SET total_micros = 1 WHERE account_sid = $1", []any{a.SID}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := s.DB().Exec(row.statement, row.args...); err == nil {
				t.Error("the database took it")
			}
		})
	}
	t.Run("ownership can be transferred", func(t *testing.T) {
		tx, err := s.DB().Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		for _, statement := range []string{
			"UPDATE users SET roles = 'ADMINISTRATOR' WHERE sid = '" + owner + "'",
			"UPDATE users SET roles = 'OWNER' WHERE sid = '" + support + "'",
			"UPDATE accounts SET owner_id = '" + support + "' WHERE sid = '" + a.SID + "'",
		} {
			if _, err := tx.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			t.Error(err)
		}
	})
}
