package store_test

import (
	"context"
	"database/sql"
	"errors"
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

// TestAdministratorsDemoteEachOther: two changes that read what the other writes, at the
// same time. One must come first, and then the other is no longer allowed.
func TestAdministratorsDemoteEachOther(t *testing.T) {
	for _, server := range storetest.Postgres() {
		url := server.Demo(t)
		// Two gateways: within one, changes of an account take turns.
		s, second := openPostgres(t, url, storetest.Options()), openPostgres(t, url, storetest.Options())
		a := demo.Main()
		one, other := a.With(policy.Administrator).SID, a.With(policy.Developer).SID
		if _, err := s.SetRoles(t.Context(), as(a.SID, a.With(policy.Owner).SID), other, []policy.Role{policy.Administrator}, allow); err != nil {
			t.Fatal(err)
		}
		var both, wait sync.WaitGroup
		both.Add(2)
		refused := problem.New(problem.Forbidden, "no longer an Administrator")
		demote := func(s *store.Store, actor, target string) error {
			attempts := 0
			_, err := s.SetRoles(t.Context(), as(a.SID, actor), target, []policy.Role{policy.Support}, func(by, _ identity.Member, _ bool) (int64, error) {
				if attempts++; attempts == 1 {
					both.Done()
					both.Wait() // each has seen the other as Administrator
				}
				if by.Roles[0] != policy.Administrator {
					return 0, refused
				}
				return 1, nil
			})
			return err
		}
		errs := make([]error, 2)
		wait.Go(func() { errs[0] = demote(s, one, other) })
		wait.Go(func() { errs[1] = demote(second, other, one) })
		wait.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), refused) {
			t.Errorf("%v and %v, want one refused", errs[0], errs[1])
		}
	}
}

// TestChangesOfOneUserFollowEachOther: a check, which blocks the user's sessions, is not
// even called while another change of the same user is under way.
func TestChangesOfOneUserFollowEachOther(t *testing.T) {
	for _, server := range storetest.Postgres() {
		url := server.Demo(t)
		s, second := openPostgres(t, url, storetest.Options()), openPostgres(t, url, storetest.Options())
		a := demo.Main()
		owner, support := a.With(policy.Owner).SID, a.With(policy.Support).SID
		var wait sync.WaitGroup
		defer wait.Wait()
		var done atomic.Bool
		change := func(s *store.Store, check func(identity.Member, identity.Member, bool) (int64, error)) {
			if _, err := s.SetRoles(t.Context(), as(a.SID, owner), support, []policy.Role{policy.Developer}, check); err != nil {
				t.Error(err)
			}
		}
		change(s, func(identity.Member, identity.Member, bool) (int64, error) {
			wait.Go(func() {
				change(second, func(identity.Member, identity.Member, bool) (int64, error) {
					if !done.Load() {
						t.Error("the second check was called before the first change was committed")
					}
					return 2, nil
				})
			})
			for late := time.Now().Add(10 * time.Second); waiting(t, s) == 0; time.Sleep(time.Millisecond) {
				if time.Now().After(late) {
					t.Fatal("nothing waits")
				}
			}
			done.Store(true) // what is left of the first change is to write it, while the second waits
			return 1, nil
		})
	}
}

// waiting is how many statements wait for a lock.
func waiting(t *testing.T, s *store.Store) int64 {
	t.Helper()
	rows := rawRows(t, s, "SELECT COUNT(*) AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
	return rows[0]["waiting"].(int64)
}

// TestReferring: who changes a row does not wait for who has written a row that refers to it, who may wait for them in turn.
func TestReferring(t *testing.T) {
	for _, server := range storetest.Postgres() {
		s := openPostgres(t, server.Demo(t), storetest.Options())
		a := demo.Main()
		err := s.Transact(t.Context(), func(tx *sql.Tx) error {
			if _, err := tx.Exec(`SELECT 1 FROM accounts WHERE sid = $1 FOR KEY SHARE`, a.SID); err != nil { // as a foreign key does
				return err
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err := s.UpdateSettings(ctx, as(a.SID, a.With(policy.Owner).SID), model.UpdateProjectSettingsInput{})
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
