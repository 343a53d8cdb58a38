package session

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// TestSettle: how long who ends a session waits for another gateway, by what stands in the register of it.
func TestSettle(t *testing.T) {
	t.Parallel()
	const far = "9999999999999-0"
	for name, row := range map[string]struct {
		mark        string
		least, most time.Duration
		struck      bool
	}{
		"nobody":                {"", 0, 3 * time.Second, false},
		"one that is past it":   {far + " 4s 1", 0, 3 * time.Second, false},
		"one that is away":      {"0-0 100ms 1", 100 * time.Millisecond, 3 * time.Second, true},
		"one of a longer lease": {"0-0 300ms 1", 300 * time.Millisecond, 3 * time.Second, true},
		"one that cannot be read, and no gateway waits for longer": {"x", MaxLease, 2 * MaxLease, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := leased(t, miniredis.RunT(t).Addr())
			if row.mark != "" {
				if err := s.client.HSet(t.Context(), s.followers(), "other", row.mark).Err(); err != nil {
					t.Fatal(err)
				}
			}
			of := opened(t, s, "US1")
			begun := time.Now()
			if ended, err := s.End(t.Context(), "US1", of.ID); err != nil || !ended {
				t.Fatal(ended, err)
			}
			if took := time.Since(begun); took < row.least || took > row.most {
				t.Errorf("it took %s", took)
			}
			left, err := s.client.HExists(t.Context(), s.followers(), "other").Result()
			if err != nil || left != (row.mark != "" && !row.struck) {
				t.Errorf("it is in the register: %v, %v", left, err)
			}
		})
	}
}

// TestSettleComesPast: who comes past the entry is waited for no longer, and who writes itself into the register
// meanwhile is not taken from it.
func TestSettleComesPast(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		next        string
		least, most time.Duration
	}{
		"past it":       {"9999999999999-0 4s 2", 100 * time.Millisecond, 3 * time.Second},
		"there, behind": {"0-0 2s 2", 2 * time.Second, 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := leased(t, miniredis.RunT(t).Addr())
			set := func(mark string) {
				if err := s.client.HSet(t.Context(), s.followers(), "other", mark).Err(); err != nil {
					t.Error(err)
				}
			}
			set("0-0 4s 1")
			of := opened(t, s, "US1")
			begun := time.Now()
			next := time.AfterFunc(100*time.Millisecond, func() { set(row.next) })
			defer next.Stop()
			// Nor does it matter that the caller has gone.
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if _, err := s.End(ctx, "US1", of.ID); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begun); took < row.least || took > row.most {
				t.Errorf("it took %s", took)
			}
			if mark := s.client.HGet(t.Context(), s.followers(), "other").Val(); mark != row.next {
				t.Errorf("the register has %q", mark)
			}
		})
	}
}

// TestEndTwice: who ends what another has just ended, or they themselves without having the answer, is answered no sooner than
// all are past it.
func TestEndTwice(t *testing.T) {
	for name, row := range map[string]struct {
		create func(s *Store) Session
		end    func(s *Store, of Session) error
	}{
		"session": {
			func(s *Store) Session { return opened(t, s, "US1") },
			func(s *Store, of Session) error { _, err := s.End(t.Context(), "US1", of.ID); return err },
		},
		"client's session": {
			func(s *Store) Session { return openedForClient(t, s) },
			func(s *Store, of Session) error { _, err := s.End(t.Context(), "OC1", of.ID); return err },
		},
		"client": {
			func(s *Store) Session { return openedForClient(t, s) },
			func(s *Store, of Session) error {
				_, err := s.EndClient(t.Context(), "US1", "OC1", time.Second)
				return err
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := leased(t, miniredis.RunT(t).Addr())
			of := row.create(s)
			if err := s.client.HSet(t.Context(), s.followers(), "other", "0-0 1s 1").Err(); err != nil {
				t.Fatal(err)
			}
			begun, first := time.Now(), make(chan error, 1)
			go func() { first <- row.end(s, of) }()
			for s.client.Exists(t.Context(), s.prefix+"session:"+of.ID).Val() > 0 {
				time.Sleep(time.Millisecond)
			}
			if err := row.end(s, of); err != nil {
				t.Error(err)
			}
			if took := time.Since(begun); took < time.Second {
				t.Errorf("the second was answered after %s", took)
			}
			if err := <-first; err != nil {
				t.Error(err)
			}
		})
	}
}

func openedForClient(t *testing.T, s *Store) Session {
	t.Helper()
	made, err := s.CreateForClient(t.Context(), NewClientSession{
		NewSession: NewSession{User: "US1", Account: "AC1", Roles: []string{"SUPPORT"}, Policy: "v1"}, OAuthClient: "OC1", Grants: "[]",
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestEndTwiceHere: nor sooner than this gateway is, which knows not of whom the entry is.
func TestEndTwiceHere(t *testing.T) {
	s, _ := leased(t, miniredis.RunT(t).Addr())
	of := opened(t, s, "US1")
	if _, err := s.End(t.Context(), "US1", of.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.client.HSet(t.Context(), s.followers(), s.follower.name+" reader", "0-0 200ms 1").Err(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if _, err := s.End(t.Context(), "US1", of.ID); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < 200*time.Millisecond {
		t.Errorf("it took %s", took)
	}
}

// TestSettleMany: gateways that are no more hold up who ends a session once for all of them together, however far Redis is.
func TestSettleMany(t *testing.T) {
	h := newHole(t, miniredis.RunT(t).Addr())
	s, _ := leased(t, h.listener.Addr().String())
	of := opened(t, s, "US1")
	for n := range 1000 {
		if err := s.client.HSet(t.Context(), s.followers(), fmt.Sprint("gone ", n), fmt.Sprint("0-0 100ms ", n)).Err(); err != nil {
			t.Fatal(err)
		}
	}
	h.late.Store(int64(10 * time.Millisecond))
	begun := time.Now()
	if _, err := s.End(t.Context(), "US1", of.ID); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
	if n := s.client.HLen(t.Context(), s.followers()).Val(); n > 1 {
		t.Errorf("%d are in the register", n)
	}
}
