package store_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
)

// faults are what is wrong with an account's trail.
func faults(t *testing.T, s *store.Store, account string) []string {
	t.Helper()
	_, _, all, err := s.VerifyAudit(t.Context(), account, nil)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// trail is an account with a trail of six events, which begins with what the demo has.
func trail(t *testing.T, s *store.Store, account string) (last int64) {
	t.Helper()
	for range 6 {
		if _, err := s.CreateAPIKey(t.Context(), changing(everything(account, model.APIKey{})), model.CreateAPIKeyInput{FriendlyName: "Key"}); err != nil {
			t.Fatal(err)
		}
	}
	_, last, found, err := s.VerifyAudit(t.Context(), account, nil)
	if err != nil || len(found) > 0 || last < 6 {
		t.Fatalf("%d events, faults %v, %v", last, found, err)
	}
	return last
}

// TestTampering: whatever is done to the rows of a trail shows.
func TestTampering(t *testing.T) {
	account, other := demo.Main().SID, demo.Second().SID
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		type row struct {
			name string
			do   func(t *testing.T, s *store.Store, last int64)
			want []string // parts of the faults, each once; LAST is the last event's sequence
		}
		at := func(statement string, from int64) func(*testing.T, *store.Store, int64) {
			return func(t *testing.T, s *store.Store, last int64) {
				exec(t, s, fmt.Sprintf(statement, last+from), account)
			}
		}
		rows := []row{
			{"nothing", func(*testing.T, *store.Store, int64) {}, nil},
			{"a removed row", at("DELETE FROM audit_events WHERE sequence = %d AND account_sid = $1", -2), []string{"is missing"}},
			{"several removed", at("DELETE FROM audit_events WHERE sequence > %d AND account_sid = $1 AND sequence < 1000", -3), []string{"is missing, and all up to LAST"}},
			{"the last row removed", at("DELETE FROM audit_events WHERE sequence = %d AND account_sid = $1", 0), []string{"event LAST is missing"}},
			{"the first row removed", func(t *testing.T, s *store.Store, _ int64) {
				exec(t, s, "DELETE FROM audit_events WHERE sequence = 1 AND account_sid = $1", account)
			}, []string{"event 1 is missing"}},
			{"all rows removed", func(t *testing.T, s *store.Store, _ int64) {
				exec(t, s, "DELETE FROM audit_events WHERE account_sid = $1", account)
			}, []string{"event 1 is missing, and all up to LAST"}},
			{"the last row removed, and the head moved", func(t *testing.T, s *store.Store, last int64) {
				exec(t, s, "DELETE FROM audit_events WHERE sequence = $2 AND account_sid = $1", account, last)
				exec(t, s, "UPDATE audit_heads SET sequence = sequence - 1, mac = (SELECT mac FROM audit_events WHERE account_sid = $1 AND sequence = $2) WHERE account_sid = $1",
					account, last-1)
			}, []string{"the head is not as it was written"}},
			{"two swapped", func(t *testing.T, s *store.Store, last int64) {
				exec(t, s, "UPDATE audit_events SET sequence = 1000 WHERE account_sid = $1 AND sequence = $2", account, last-1)
				exec(t, s, "UPDATE audit_events SET sequence = $2 WHERE account_sid = $1 AND sequence = $3", account, last-1, last-2)
				exec(t, s, "UPDATE audit_events SET sequence = $2 WHERE account_sid = $1 AND sequence = 1000", account, last-2)
			}, []string{"is not as it was written", "is not as it was written", "is not as it was written"}},
			{"a row repeated at the end", func(t *testing.T, s *store.Store, last int64) {
				insertCopy(t, s, account, last, map[string]any{"sequence": last + 1, "sid": "AEcopy"})
			}, []string{"is not as it was written", "do not belong to the trail"}},
			{"a row before the first", func(t *testing.T, s *store.Store, last int64) {
				insertCopy(t, s, account, last, map[string]any{"sequence": 0, "sid": "AEcopy"})
			}, []string{"event 0 is none that the gateway writes"}},
			{"a row before all numbers but one", func(t *testing.T, s *store.Store, last int64) {
				insertCopy(t, s, account, last, map[string]any{"sequence": int64(math.MinInt64), "sid": "AEcopy"})
			}, []string{"is none that the gateway writes"}},
			{"the row of another account", func(t *testing.T, s *store.Store, last int64) {
				trail(t, s, other)
				exec(t, s, "DELETE FROM audit_events WHERE account_sid = $1 AND sequence = 3", account)
				insertCopy(t, s, other, 3, map[string]any{"account_sid": account, "sid": "AEcopy"})
			}, []string{"event 3 is not as it was written", "event 4 is not as it was written"}},
			{"the head removed", func(t *testing.T, s *store.Store, _ int64) {
				exec(t, s, "DELETE FROM audit_heads WHERE account_sid = $1", account)
			}, []string{"the head is missing"}},
			{"the head of another account", func(t *testing.T, s *store.Store, _ int64) {
				trail(t, s, other)
				exec(t, s, `UPDATE audit_heads SET sequence = (SELECT sequence FROM audit_heads WHERE account_sid = $2),
					mac = (SELECT mac FROM audit_heads WHERE account_sid = $2), seal = (SELECT seal FROM audit_heads WHERE account_sid = $2) WHERE account_sid = $1`, account, other)
			}, []string{"the head is not as it was written"}},
			{"an old head", func(t *testing.T, s *store.Store, last int64) {
				old := rawRows(t, s, "SELECT sequence, mac, seal FROM audit_heads WHERE account_sid = $1", account)[0]
				trail(t, s, account)
				exec(t, s, "UPDATE audit_heads SET sequence = $2, mac = $3, seal = $4 WHERE account_sid = $1", account, old["sequence"], old["mac"], old["seal"])
			}, []string{"do not belong to the trail"}},
		}
		if db.Name == "SQLite" { // which keeps anything in any column
			rows = append(rows, row{"a text that is none", at("UPDATE audit_events SET user_sid = CAST(user_sid AS BLOB) WHERE sequence = %d AND account_sid = $1", 0),
				[]string{"event LAST is not as it was written"}})
		}
		s := db.Demo(t)
		last := trail(t, s, account)
		for _, table := range []string{"audit_events", "audit_heads"} {
			exec(t, s, "CREATE TABLE saved_"+table+" AS SELECT * FROM "+table)
		}
		for _, column := range columnsKept(t, s, "audit_events") {
			rows = append(rows, row{"audit_events." + column + " altered", func(t *testing.T, s *store.Store, last int64) {
				alter(t, s, "audit_events", column, account, other, last-2)
			}, nil})
		}
		for _, column := range columnsKept(t, s, "audit_heads") {
			rows = append(rows, row{"audit_heads." + column + " altered", func(t *testing.T, s *store.Store, last int64) {
				alter(t, s, "audit_heads", column, account, other, last)
			}, nil})
		}
		for _, c := range rows {
			t.Run(c.name, func(t *testing.T) {
				for _, table := range []string{"audit_events", "audit_heads"} {
					exec(t, s, "DELETE FROM "+table)
					exec(t, s, "INSERT INTO "+table+" SELECT * FROM saved_"+table)
				}
				if strings.HasSuffix(c.name, " altered") && strings.Contains(c.name, "heads.account_sid") {
					exec(t, s, "DELETE FROM audit_heads WHERE account_sid = $1", other)
				}
				c.do(t, s, last)
				got := faults(t, s, account)
				if strings.HasSuffix(c.name, " altered") {
					if len(got) == 0 {
						t.Error("it does not show")
					}
					return
				}
				if len(got) != len(c.want) {
					t.Fatalf("faults %q, want %q", got, c.want)
				}
				for i, want := range c.want {
					if want = strings.ReplaceAll(want, "LAST", fmt.Sprint(last)); !strings.Contains(got[i], want) {
						t.Errorf("fault %q, want %q", got[i], want)
					}
				}
			})
		}
	})
}

// columnsKept are the columns that a table has.
func columnsKept(t *testing.T, s *store.Store, table string) []string {
	t.Helper()
	var all []string
	for _, row := range rawRows(t, s, "SELECT * FROM "+table+" LIMIT 1") {
		for name := range row {
			all = append(all, name)
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s has no row", table)
	}
	slices.Sort(all)
	return all
}

// alter changes one column of a row to something that the database takes.
func alter(t *testing.T, s *store.Store, table, column, account, other string, sequence int64) {
	t.Helper()
	where := " WHERE account_sid = $1 AND sequence = $2"
	switch row := rawRows(t, s, "SELECT * FROM "+table+where, account, sequence)[0]; {
	case column == "account_sid":
		exec(t, s, "DELETE FROM "+table+" WHERE account_sid = $1 AND sequence = $2", other, sequence)
		exec(t, s, "UPDATE "+table+" SET account_sid = $3"+where, account, sequence, other)
	case column == "sequence":
		exec(t, s, "UPDATE "+table+" SET sequence = 1000"+where, account, sequence)
	case column == "decision":
		exec(t, s, "UPDATE "+table+" SET decision = 'DENIED'"+where, account, sequence)
	case column == "outcome":
		exec(t, s, "UPDATE "+table+" SET outcome = 'FAILED'"+where, account, sequence)
	default:
		if _, number := row[column].(int64); number {
			exec(t, s, "UPDATE "+table+" SET "+column+" = "+column+" + 1"+where, account, sequence)
		} else {
			exec(t, s, "UPDATE "+table+" SET "+column+" = "+column+" || 'x'"+where, account, sequence)
		}
	}
}

// insertCopy inserts a copy of an event with other values in some columns.
func insertCopy(t *testing.T, s *store.Store, account string, sequence int64, other map[string]any) {
	t.Helper()
	row := rawRows(t, s, "SELECT * FROM audit_events WHERE account_sid = $1 AND sequence = $2", account, sequence)[0]
	var names, marks []string
	var values []any
	for name, value := range row {
		if another, is := other[name]; is {
			value = another
		}
		names, values = append(names, name), append(values, value)
		marks = append(marks, fmt.Sprintf("$%d", len(values)))
	}
	exec(t, s, "INSERT INTO audit_events ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", values...)
}

// TestTamperedTrailIsNotSigned: nothing is added to a trail whose head is not as it was written, so that what was done to it
// is not signed; and so nothing can be changed.
func TestTamperedTrailIsNotSigned(t *testing.T) {
	account := demo.Main().SID
	for name, statement := range map[string]string{
		"the head removed": "DELETE FROM audit_heads WHERE account_sid = $1",
		"the head altered": "UPDATE audit_heads SET sequence = sequence - 1 WHERE account_sid = $1",
		"the head emptied": "UPDATE audit_heads SET sequence = 0, mac = '' WHERE account_sid = $1",
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db storetest.Database) {
				s := db.Demo(t)
				trail(t, s, account)
				exec(t, s, statement, account)
				before := rawRows(t, s, "SELECT sid FROM api_keys WHERE account_sid = $1", account)
				_, err := s.CreateAPIKey(t.Context(), changing(mainKeys()), model.CreateAPIKeyInput{FriendlyName: "Key"})
				if !errors.Is(err, audit.ErrBroken) {
					t.Errorf("error %v, want ErrBroken", err)
				}
				if after := rawRows(t, s, "SELECT sid FROM api_keys WHERE account_sid = $1", account); len(after) != len(before) {
					t.Error("a key was made without its event")
				}
			})
		})
	}
}

// TestAuditKeys: a trail verifies under the keys that wrote it, also after another signs, and under no others.
func TestAuditKeys(t *testing.T) {
	path := t.TempDir() + "/audit.db"
	old, young := []byte(strings.Repeat("old!", 8)), []byte(strings.Repeat("new!", 8))
	ring := func(keys ...[]byte) store.Options {
		k, err := audit.NewKeyring(keys...)
		if err != nil {
			t.Fatal(err)
		}
		return store.Options{Audit: k}
	}
	open := func(o store.Options) *store.Store {
		s, err := store.OpenSQLite(t.Context(), path, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	account := demo.Second().SID
	s := open(ring(old))
	if err := demo.Fill(t.Context(), s, storetest.PasswordHash, storetest.Now()); err != nil {
		t.Fatal(err)
	}
	trail(t, s, account)
	trail(t, open(ring(young, old)), account) // rotated: verifies what the old one wrote, and writes with the new one
	if got := faults(t, open(ring(old, young)), account); len(got) > 0 {
		t.Errorf("both keys: %q", got)
	}
	if got := faults(t, open(ring(young)), account); len(got) == 0 || !strings.Contains(got[0], "key that is not known") {
		t.Errorf("without the old key: %q", got)
	}
	wrong := open(ring([]byte(strings.Repeat("bad!", 8))))
	if got := faults(t, wrong, account); len(got) == 0 {
		t.Error("another key verifies")
	}
	if _, err := wrong.CreateAPIKey(t.Context(), changing(everything(account, model.APIKey{})), model.CreateAPIKeyInput{FriendlyName: "Key"}); !errors.Is(err, audit.ErrBroken) {
		t.Errorf("another key writes: %v", err)
	}
	if _, err := open(store.Options{}).CreateAPIKey(t.Context(), changing(everything(account, model.APIKey{})), model.CreateAPIKeyInput{FriendlyName: "Key"}); err == nil {
		t.Error("a store without a key changes something")
	}
}

// TestReseal: a trail whose head is broken or under a key that is lost goes on after an event that says so, and what was wrong
// with its events still shows. A trail that goes on anyway is left as it is.
func TestReseal(t *testing.T) {
	account := demo.Main().SID
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s := db.Demo(t)
		last := trail(t, s, account)
		if _, _, err := s.ResealAudit(t.Context(), account); !errors.Is(err, store.ErrNotBroken) {
			t.Errorf("a whole trail: %v", err)
		}
		exec(t, s, "UPDATE audit_events SET user_sid = 'US0' WHERE account_sid = $1 AND sequence = 3", account)
		exec(t, s, "DELETE FROM audit_events WHERE account_sid = $1 AND sequence = $2", account, last)
		if _, _, err := s.ResealAudit(t.Context(), account); !errors.Is(err, store.ErrNotBroken) {
			t.Errorf("a whole head: %v", err)
		}
		exec(t, s, "UPDATE audit_heads SET sequence = 5 WHERE account_sid = $1", account)
		if broken, unknown, err := s.BrokenTrails(t.Context()); err != nil || !slices.Equal(broken, []string{account}) || len(unknown) > 0 {
			t.Errorf("broken %v, unknown %v, %v", broken, unknown, err)
		}
		made, found, err := s.ResealAudit(t.Context(), account)
		if err != nil || made.Sequence != last || made.Coordinate != audit.Resealed || made.Count != int64(len(found)) || len(found) != 2 {
			t.Fatalf("%+v, %q, %v", made, found, err)
		}
		if _, err := s.CreateAPIKey(t.Context(), changing(mainKeys()), model.CreateAPIKeyInput{FriendlyName: "Key"}); err != nil {
			t.Error(err)
		}
		if got := faults(t, s, account); len(got) != 1 || !strings.HasPrefix(got[0], "event 3 ") {
			t.Errorf("%q", got)
		}
		exec(t, s, "UPDATE audit_heads SET key_id = 'lost' WHERE account_sid = $1", account)
		if broken, unknown, err := s.BrokenTrails(t.Context()); err != nil || !slices.Equal(broken, unknown) || !slices.Equal(broken, []string{account}) {
			t.Errorf("broken %v, unknown %v, %v", broken, unknown, err)
		}
	})
}

// TestConcurrentChanges: of many changes of one account at once, by two gateways, all are made, and none forks the trail.
func TestConcurrentChanges(t *testing.T) {
	account := demo.Main().SID
	each := 20
	create := func(t *testing.T, stores ...*store.Store) {
		_, before, _, err := stores[0].VerifyAudit(t.Context(), account, nil)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for _, s := range stores {
			for range each {
				all.Go(func() {
					if _, err := s.CreateAPIKey(t.Context(), changing(mainKeys()), model.CreateAPIKeyInput{FriendlyName: "Key"}); err != nil {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		records, last, found, err := stores[0].VerifyAudit(t.Context(), account, nil)
		if err != nil || len(found) > 0 || last != before+int64(each*len(stores)) || records != last {
			t.Errorf("%d events after %d, to %d, faults %v, %v", records, before, last, found, err)
		}
	}
	storetest.Each(t, func(t *testing.T, db storetest.Database) { create(t, db.Demo(t)) })
	for _, server := range storetest.Postgres() {
		t.Run("two gateways", func(t *testing.T) {
			url := server.Demo(t)
			one, other := openPostgres(t, url, storetest.Options()), openPostgres(t, url, storetest.Options())
			create(t, one, other)
			each = 1
			for range 20 { // who begins the trail
				exec(t, one, "DELETE FROM audit_events WHERE account_sid = $1", account)
				exec(t, one, "DELETE FROM audit_heads WHERE account_sid = $1", account)
				create(t, one, other)
			}
		})
	}
}

// TestChangeAndEvent: there is no event of a change that was undone, no change of which the event could not be written, and
// nobody is told of either.
func TestChangeAndEvent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s := db.Demo(t)
		account := demo.Main().SID
		last := trail(t, s, account)
		var told []audit.Record
		s.OnCommitted(func(r audit.Record) { told = append(told, r) })
		_, err := s.UpdateAPIKey(t.Context(), changing(mainKeys()), someSID(t, s, "api_keys", account), model.UpdateAPIKeyInput{FriendlyName: ""})
		wantProblem(t, err, problem.BadUserInput, "input", "friendlyName")
		if _, now, _, _ := s.VerifyAudit(t.Context(), account, nil); now != last || len(told) > 0 {
			t.Errorf("a change that was undone has left events: %d, then %d; told %v", last, now, told)
		}

		exec(t, s, "CREATE TABLE taken AS SELECT * FROM audit_heads")
		exec(t, s, "DELETE FROM audit_heads")
		if err := s.DeleteAPIKey(t.Context(), changing(mainKeys()), someSID(t, s, "api_keys", account)); err == nil {
			t.Error("a key was deleted without an event")
		}
		if len(told) > 0 {
			t.Errorf("told %v", told)
		}
		exec(t, s, "INSERT INTO audit_heads SELECT * FROM taken")
		if err := s.DeleteAPIKey(t.Context(), changing(mainKeys()), someSID(t, s, "api_keys", account)); err != nil {
			t.Fatal(err)
		}
		if len(told) != 1 || told[0].Sequence != last+1 || told[0].ResourceType != "ApiKey" || told[0].Outcome != "DONE" {
			t.Errorf("told %+v", told)
		}
	})
}
