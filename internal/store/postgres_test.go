package store_test

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
)

// TestPlansOfPostgres has Postgres explain every list, as TestPlansOfSQLite does. The
// demo is so small that it would rather read whole tables, which it is told not to. For
// one row it has its choice of indexes.
func TestPlansOfPostgres(t *testing.T) {
	for _, server := range storetest.Postgres() {
		s := openPostgres(t, server.Demo(t)+"&enable_seqscan=off&enable_bitmapscan=off&enable_sort=off", storetest.Options())
		exec(t, s, "ANALYZE")
		eachStatement(t, s, func(t *testing.T, s *store.Store, query string, args []any, index string) {
			var steps []string
			for _, row := range rawRows(t, s, "EXPLAIN (COSTS OFF) "+query, args...) {
				line := strings.TrimLeft(row["QUERY PLAN"].(string), " ->")
				if !strings.Contains(line, ": ") && line != "Limit" {
					steps = append(steps, line)
				}
			}
			if strings.HasSuffix(index, "_pkey") || slices.Contains([]string{"users_email", "sims_iccid", "phone_numbers_phone_number", "invitations_email"}, index) {
				index = ""
			}
			ordered := regexp.MustCompile(`^Index Scan (Backward )?using ` + index)
			if len(steps) != 1 || !ordered.MatchString(steps[0]) {
				t.Errorf("%q, want a scan of %s\n%s", steps, index, query)
			}
		})
	}
}

// TestSameOrder: lists are in the same order on both, though the one is ordered as
// English is unless it is told otherwise, with keys that English would put elsewhere.
func TestSameOrder(t *testing.T) {
	account := demo.Main().SID
	var lists []map[string][]any
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s := db.Demo(t)
		for _, sid := range []string{"PNa_", "PNa0", "PNA1", "PNaZ", "PNAb", "PN_9", "PNb", "PNB"} {
			exec(t, s, `INSERT INTO phone_numbers (sid, account_sid, phone_number, friendly_name, voice_capable, sms_capable, mms_capable,
				fax_capable, origin, status, beta, address_requirements, voice_caller_id_lookup, date_created, date_updated)
				SELECT $1, account_sid, $1, friendly_name, voice_capable, sms_capable, mms_capable,
				fax_capable, origin, status, beta, address_requirements, voice_caller_id_lookup, date_created, date_updated
				FROM phone_numbers WHERE sid = $2`, sid, someSID(t, s, "phone_numbers", account))
		}
		all := map[string][]any{}
		for _, l := range allListings(t, s, account) {
			if l.keep == nil {
				all[l.name], _ = walk(t, s, l, everything(account, l.object), 100)
			}
		}
		lists = append(lists, all)
	})
	for _, other := range lists[1:] {
		for name, want := range lists[0] {
			if !reflect.DeepEqual(other[name], want) {
				t.Errorf("%s: %d and %d items differ, or their order does", name, len(other[name]), len(want))
			}
		}
	}
}

func openPostgres(t testing.TB, url string, o store.Options) *store.Store {
	t.Helper()
	s, err := store.OpenPostgres(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestProtection: how a connection to another machine is protected stands in the URL, and it may be less than it takes
// to be sure of the other side.
func TestProtection(t *testing.T) {
	t.Setenv("PGSSLMODE", "disable") // says nothing
	for _, row := range []struct {
		url                 string
		refused, unverified bool
	}{
		{"postgres://me@db.example.com/db", true, false},
		{"postgres://me@db.example.com/db?sslmode=prefer", true, false},
		{"postgres://me@db.example.com/db?sslmode=disable", false, true},
		{"postgres://me@db.example.com/db?sslmode=require", false, true},
		{"postgres://me@db.example.com/db?sslmode=verify-full", false, false},
		{"postgres://me@localhost/db", false, false},
		{"postgres://me@127.0.0.1/db?sslmode=disable", false, false},
		{"postgres:///db?host=/var/run/postgresql", false, false},
	} {
		if got := store.Unverified(row.url); got != row.unverified {
			t.Errorf("%s: unverified %v", row.url, got)
		}
		if row.refused {
			if _, err := store.OpenPostgres(t.Context(), row.url, storetest.Options()); err == nil || !strings.Contains(err.Error(), "sslmode=verify-full") {
				t.Errorf("%s: %v", row.url, err)
			}
		}
	}
}

// TestMigrationHasTime: a limit that the URL sets for statements is none for the migrations.
func TestMigrationHasTime(t *testing.T) {
	for _, server := range storetest.Postgres() {
		openPostgres(t, server.Empty(t)+"&statement_timeout=1", storetest.Options())
	}
}
