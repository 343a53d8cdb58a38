package store_test

import (
	"context"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/bench"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// BenchmarkPhoneNumbers reads a page of 1,000 phone numbers with eight of their fields, as a resolver does, on every
// kind of database that there is; cpu-ns/op is this process's and leaves out Postgres's own.
func BenchmarkPhoneNumbers(b *testing.B) {
	fields := strings.Fields("sid phoneNumber friendlyName status voiceUrl smsUrl dateCreated dateUpdated")
	scope := upstream.NewScope(demo.Main().SID, policy.NewFields(fields...))
	for _, db := range storetest.Databases() {
		b.Run("numbers=1000x8/"+db.Name, func(b *testing.B) {
			s := db.Demo(b)
			b.ReportAllocs()
			stop := bench.CPU(b)
			for b.Loop() {
				page, err := s.PhoneNumbers(b.Context(), scope, upstream.PhoneNumberFilter{}, upstream.Page{First: 1000})
				if err != nil || len(page.Items) != 1000 {
					b.Fatalf("%d numbers, %v", len(page.Items), err)
				}
			}
			stop()
		})
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
