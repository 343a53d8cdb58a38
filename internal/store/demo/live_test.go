package demo_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// TestLog: what is logged in the demo while it runs is of every kind, is the account's and not of the future, and there
// is never much of it: the oldest goes, and nothing that was there before.
func TestLog(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s, now := db.Demo(t), storetest.Now()
		const theirs = " WHERE substr(sid, 3, 8) <> '11fe11fe' ORDER BY sid"
		before := map[string][][]string{}
		for _, table := range []string{"calls", "messages", "alerts"} {
			before[table] = query(t, s, "SELECT * FROM "+table+theirs)
		}
		kinds, states, sids := map[model.ProductLogKind]int{}, map[string]bool{}, map[string]bool{}
		for i := range 400 {
			now = now.Add(time.Second)
			account := []demo.Account{demo.Main(), demo.Second()}[i%2]
			e, err := demo.Log(t.Context(), s, account, now)
			if err != nil {
				t.Fatal(err)
			}
			if sids[e.Sid] {
				t.Errorf("%s comes twice", e.Sid)
			}
			kinds[e.Kind]++
			sids[e.Sid] = true
			when, state := read(t, s, account, e)
			states[string(e.Kind)+" "+state] = true
			if when.After(now) {
				t.Errorf("%s is of %v, and it is %v", e.Sid, when, now)
			}
		}
		if len(kinds) != 3 || len(states) < 8 {
			t.Errorf("kinds %v, states %v", kinds, states)
		}
		for table, rows := range before {
			if !slices.EqualFunc(rows, query(t, s, "SELECT * FROM "+table+theirs), slices.Equal) {
				t.Errorf("%s: what was there before has changed", table)
			}
			for _, account := range []demo.Account{demo.Main(), demo.Second()} {
				live := query(t, s, "SELECT sid FROM "+table+" WHERE account_sid = $1 AND substr(sid, 3, 8) = '11fe11fe'", account.SID)
				if len(live) == 0 || len(live) > 50 {
					t.Errorf("%s of %s: %d logs", table, account.Name, len(live))
				}
			}
		}
	})
}

// read reads what was logged: when, and its state.
func read(t *testing.T, s *store.Store, a demo.Account, e upstream.LogEvent) (time.Time, string) {
	t.Helper()
	scope := upstream.NewScope(a.SID, policy.NewFields("status", "endTime", "startTime", "dateCreated", "logLevel", "dateGenerated"))
	switch e.Kind {
	case model.ProductLogKindCall:
		found, err := s.Call(t.Context(), scope, e.Sid)
		if err != nil {
			t.Fatal(err)
		}
		if found.EndTime != nil {
			return *found.EndTime, string(found.Status)
		}
		return found.StartTime, string(found.Status)
	case model.ProductLogKindMessage:
		found, err := s.Message(t.Context(), scope, e.Sid)
		if err != nil {
			t.Fatal(err)
		}
		return found.DateCreated, string(found.Status)
	}
	found, err := s.Alert(t.Context(), scope, e.Sid)
	if err != nil {
		t.Fatal(err)
	}
	return found.DateGenerated, string(found.LogLevel)
}
