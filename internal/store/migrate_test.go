package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/pressly/goose/v3"
)

// TestOpenAtTheSameTime: replicas may start together on a database that is empty.
func TestOpenAtTheSameTime(t *testing.T) {
	for _, server := range storetest.Postgres() {
		url := server.Empty(t)
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				s, err := store.OpenPostgres(t.Context(), url, storetest.Options())
				if err != nil {
					t.Error(err)
					return
				}
				defer s.Close()
				if empty, err := s.Empty(t.Context()); err != nil || !empty {
					t.Errorf("empty %v, error %v", empty, err)
				}
			})
		}
		wait.Wait()
		s := openPostgres(t, url, storetest.Options())
		for _, row := range rawRows(t, s, "SELECT COUNT(*) AS steps, COUNT(DISTINCT version_id) AS versions, MAX(version_id) AS newest FROM goose_db_version") {
			if row["steps"] != row["versions"] || fmt.Sprint(row["newest"]) != newestMigration(t) {
				t.Errorf("the steps were taken as %v", row)
			}
		}
	}
}

// TestOpenSQLiteAtTheSameTime: and so may gateways that share a data folder.
func TestOpenSQLiteAtTheSameTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.db")
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			s, err := store.OpenSQLite(t.Context(), path, storetest.Options())
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if empty, err := s.Empty(t.Context()); err != nil || !empty {
				t.Errorf("empty %v, error %v", empty, err)
			}
		})
	}
	wait.Wait()
}

// TestNewerDatabaseIsRefused: an old program does not write what it may not understand.
func TestNewerDatabaseIsRefused(t *testing.T) {
	for _, server := range storetest.Postgres() {
		url := server.Empty(t)
		s := openPostgres(t, url, storetest.Options())
		exec(t, s, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (900, TRUE)")
		_, err := store.OpenPostgres(t.Context(), url, storetest.Options())
		if !errors.Is(err, store.ErrNewerDatabase) || !strings.Contains(err.Error(), "900") || !strings.Contains(err.Error(), "up to "+newestMigration(t)) {
			t.Errorf("error %v, want ErrNewerDatabase with both versions", err)
		}
	}
}

// TestNumbersOfTwoAccounts: to bring a database up to date takes a number from one of two accounts in a demo alone. Any
// other database stays as it was.
func TestNumbersOfTwoAccounts(t *testing.T) {
	for _, row := range []struct {
		name string
		demo bool
		want int64 // how many numbers are left
	}{{"a demo", true, 1}, {"somebody's own", false, 2}} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "data.db")
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			before, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("migrations"), goose.WithDisableGlobalRegistry(true))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := before.UpTo(t.Context(), 12); err != nil {
				t.Fatal(err)
			}
			if row.demo {
				if _, err := db.Exec("INSERT INTO facts (name, value) VALUES ('demo', 'true')"); err != nil {
					t.Fatal(err)
				}
			}
			for i, account := range []string{"AC1", "AC2"} {
				if _, err := db.Exec(`INSERT INTO phone_numbers (sid, account_sid, phone_number, friendly_name, voice_capable, sms_capable, mms_capable,
					fax_capable, origin, status, beta, address_requirements, voice_caller_id_lookup, date_created, date_updated)
					VALUES ($1, $2, '+15005550006', '', TRUE, TRUE, TRUE, TRUE, 'twilio', 'in-use', FALSE, 'NONE', FALSE, 0, 0)`, fmt.Sprint("PN", i), account); err != nil {
					t.Fatal(err)
				}
			}
			s, err := store.OpenSQLite(t.Context(), path, storetest.Options())
			if err == nil {
				defer s.Close()
			}
			if (err == nil) != row.demo {
				t.Errorf("opened with the error %v", err)
			}
			var left int64
			if err := db.QueryRow("SELECT COUNT(*) FROM phone_numbers").Scan(&left); err != nil || left != row.want {
				t.Errorf("%d numbers are left, want %d; error %v", left, row.want, err)
			}
		})
	}
}

// TestSameTables: both databases have the same tables, columns and indexes, and Postgres
// orders all text by its bytes, as SQLite does.
func TestSameTables(t *testing.T) {
	for _, server := range storetest.Postgres() {
		theirs, ours := openPostgres(t, server.Empty(t), storetest.Options()), storetest.Empty(t)
		want := map[string]bool{}
		for _, row := range rawRows(t, ours, `SELECT m.name AS tables, c.name, c.type, c."notnull" FROM sqlite_schema m, pragma_table_info(m.name) c
			WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE 'goose%'`) {
			nullable := map[any]string{int64(0): "YES", int64(1): "NO"}[row["notnull"]]
			want[fmt.Sprintf("%s.%s %s %s", row["tables"], row["name"], strings.ToLower(row["type"].(string)), nullable)] = true
		}
		for _, row := range rawRows(t, ours, "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL") {
			want[indexText(row["sql"].(string))] = true
		}
		got := map[string]bool{}
		for _, row := range rawRows(t, theirs, `SELECT table_name::text AS tables, column_name::text AS name, data_type::text AS type, is_nullable::text AS nullable,
			collation_name::text AS collation FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%'`) {
			got[fmt.Sprintf("%s.%s %s %s", row["tables"], row["name"], row["type"], row["nullable"])] = true
			if row["type"] == "text" && row["collation"] != "C" {
				t.Errorf("%s.%s is ordered as %v", row["tables"], row["name"], row["collation"])
			}
		}
		for _, row := range rawRows(t, theirs, `SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%'
			AND indexname NOT LIKE '%_pkey' AND indexname NOT LIKE '%_key'`) {
			got[indexText(row["indexdef"].(string))] = true
		}
		if !maps.Equal(got, want) {
			t.Errorf("Postgres has\n%s\nSQLite has\n%s", lines(got), lines(want))
		}
	}
}

// indexText is a CREATE INDEX as both write it, without what a partial one's WHERE says,
// which Postgres puts in other words; TestPlansOfPostgres shows that it is used.
func indexText(create string) string {
	text := strings.NewReplacer("public.", "", "USING btree ", "", "\n", " ").Replace(create)
	text, _, partial := strings.Cut(text, " WHERE ")
	return fmt.Sprint(regexp.MustCompile(` +`).ReplaceAllString(strings.TrimSpace(text), " "), " partial: ", partial)
}

func lines(set map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(set)), "\n") }
