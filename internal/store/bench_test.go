package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/bench"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// BenchmarkPhoneNumbers reads phone numbers with eight of their fields, in pages of at most 1,000 as a resolver does, on
// every kind of database that there is; beside each, the same rows are read by database/sql and a loop written by hand,
// which is what the store is measured by. cpu-ns/op is this process's and leaves out Postgres's own.
func BenchmarkPhoneNumbers(b *testing.B) {
	for _, db := range storetest.Databases() {
		s := db.Demo(b)
		multiply(b, s)
		for _, numbers := range []int{10, 100, 1_000, 10_000} {
			for _, way := range []struct {
				name string
				read func(context.Context, *store.Store, int) (int, error)
			}{{"plain", readPlainly}, {"store", readPages}} {
				b.Run(fmt.Sprintf("%s/numbers=%dx8/%s", db.Name, numbers, way.name), func(b *testing.B) {
					b.ReportAllocs()
					stop := bench.CPU(b)
					for b.Loop() {
						if read, err := way.read(b.Context(), s, numbers); err != nil || read != numbers {
							b.Fatalf("%d numbers, %v", read, err)
						}
					}
					stop()
				})
			}
		}
	}
}

// multiply makes ten numbers of each of the demo's.
func multiply(b *testing.B, s *store.Store) {
	b.Helper()
	const kept = "account_sid, friendly_name, voice_capable, sms_capable, mms_capable, fax_capable, origin, status, beta, " +
		"address_requirements, voice_caller_id_lookup, voice_url, sms_url, date_created, date_updated"
	for _, letter := range "ghijklmno" {
		_, err := s.DB().ExecContext(b.Context(), "INSERT INTO phone_numbers (sid, phone_number, "+kept+") "+
			"SELECT 'PN"+string(letter)+"' || substr(sid, 4), phone_number || '"+string(letter)+"', "+kept+" FROM phone_numbers WHERE account_sid = $1 AND sid < 'PNg'", demo.Main().SID)
		if err != nil {
			b.Fatal(err)
		}
	}
}

// readPages reads so many numbers through the store.
func readPages(ctx context.Context, s *store.Store, numbers int) (read int, err error) {
	scope := upstream.NewScope(demo.Main().SID, policy.NewFields(
		"sid", "phoneNumber", "friendlyName", "status", "voiceUrl", "smsUrl", "dateCreated", "dateUpdated"))
	page := upstream.Page{First: min(numbers, 1000)}
	for read < numbers {
		list, err := s.PhoneNumbers(ctx, scope, upstream.PhoneNumberFilter{}, page)
		if err != nil || len(list.Items) == 0 {
			return read, err
		}
		read += len(list.Items)
		page.After = list.Position(len(list.Items) - 1)
	}
	return read, nil
}

// readPlainly reads so many numbers by hand.
func readPlainly(ctx context.Context, s *store.Store, numbers int) (read int, err error) {
	rows, err := s.DB().QueryContext(ctx, `SELECT sid, phone_number, friendly_name, status, voice_url, sms_url, date_created, date_updated
		FROM phone_numbers WHERE account_sid = $1 ORDER BY sid LIMIT $2`, demo.Main().SID, numbers)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var sid, number, name, status string
		var voice, sms sql.NullString
		var created, updated int64
		if err := rows.Scan(&sid, &number, &name, &status, &voice, &sms, &created, &updated); err != nil {
			return read, err
		}
		read++
	}
	return read, rows.Err()
}

// BenchmarkAccount reads three fields of an account, as the smallest query does, beside the same by database/sql alone.
func BenchmarkAccount(b *testing.B) {
	sid := demo.Main().SID
	scope := upstream.NewScope(sid, policy.NewFields("sid", "friendlyName", "status"))
	for _, db := range storetest.Databases() {
		s := db.Demo(b)
		for _, way := range []struct {
			name string
			read func(ctx context.Context) (name string, err error)
		}{
			{"plain", func(ctx context.Context) (name string, err error) {
				var status string
				row := s.DB().QueryRowContext(ctx, "SELECT sid, friendly_name, status FROM accounts WHERE sid = $1", sid)
				err = row.Scan(new(string), &name, &status)
				return name, err
			}},
			{"store", func(ctx context.Context) (string, error) {
				account, err := s.Account(ctx, scope)
				if err != nil {
					return "", err
				}
				return account.FriendlyName, nil
			}},
		} {
			b.Run(db.Name+"/"+way.name, func(b *testing.B) {
				b.ReportAllocs()
				stop := bench.CPU(b)
				for b.Loop() {
					if name, err := way.read(b.Context()); err != nil || name == "" {
						b.Fatalf("%q, %v", name, err)
					}
				}
				stop()
			})
		}
	}
}

// BenchmarkCreateAPIKey makes API keys one after another, with the audit event of each and without.
func BenchmarkCreateAPIKey(b *testing.B) {
	scope := everything(demo.Main().SID, model.APIKey{})
	for _, db := range storetest.Databases() {
		for _, row := range []struct {
			name string
			make func(ctx context.Context, s *store.Store) error
		}{
			{"unaudited", func(ctx context.Context, s *store.Store) error { return s.CreateAPIKeyUnaudited(ctx, scope, "Key") }},
			{"audited", func(ctx context.Context, s *store.Store) error {
				_, err := s.CreateAPIKey(ctx, changing(scope), model.CreateAPIKeyInput{FriendlyName: "Key"})
				return err
			}},
		} {
			b.Run(row.name+"/"+db.Name, func(b *testing.B) {
				s := db.Demo(b)
				b.ReportAllocs()
				stop := bench.CPU(b)
				for b.Loop() {
					if err := row.make(b.Context(), s); err != nil {
						b.Fatal(err)
					}
				}
				stop()
			})
		}
	}
}
