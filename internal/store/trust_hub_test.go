package store_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func trustHubListings(profile model.CustomerProfile) []listing {
	approved := model.TrustHubStatusTwilioApproved
	type filter = filtered[model.CustomerProfile, upstream.CustomerProfileFilter]
	profiles := lists("customerProfiles", "customer_profiles", (*store.Store).CustomerProfiles, upstream.CustomerProfileFilter{},
		func(a, b model.CustomerProfile) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) },
		filter{"status", upstream.CustomerProfileFilter{Status: &approved},
			func(p model.CustomerProfile) bool { return p.Status == approved }},
		filter{"policySid", upstream.CustomerProfileFilter{PolicySid: &profile.PolicySid},
			func(p model.CustomerProfile) bool { return p.PolicySid == profile.PolicySid }},
		filter{"several", upstream.CustomerProfileFilter{Status: &approved, PolicySid: &profile.PolicySid},
			func(p model.CustomerProfile) bool { return p.Status == approved && p.PolicySid == profile.PolicySid }})
	type productFilter = filtered[model.TrustProduct, upstream.TrustProductFilter]
	products := lists("trustProducts", "trust_products", (*store.Store).TrustProducts, upstream.TrustProductFilter{},
		func(a, b model.TrustProduct) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) },
		productFilter{"status", upstream.TrustProductFilter{Status: &approved},
			func(p model.TrustProduct) bool { return p.Status == approved }})
	return append(profiles, products...)
}

// newProfile is a customer profile that can be made.
func newProfile() model.CreateCustomerProfileInput {
	return model.CreateCustomerProfileInput{
		FriendlyName: "Halyard Freight", Email: "compliance@example.com", PolicySid: "RN" + strings.Repeat("0a", 16),
		StatusCallback: given("https://example.com/status"),
	}
}

func testCustomerProfiles(t *testing.T, s *store.Store) {
	ctx := t.Context()
	scope, other := everything(demo.Main().SID, model.CustomerProfile{}), everything(demo.Second().SID, model.CustomerProfile{})
	now := storetest.Now()
	s.SetNow(func() time.Time { return now })
	made, err := s.CreateCustomerProfile(ctx, changing(scope), newProfile())
	if err != nil {
		t.Fatal(err)
	}
	profile := made.Object
	want := model.CustomerProfile{
		ID: profile.ID, Sid: profile.Sid, FriendlyName: "Halyard Freight", Email: "compliance@example.com", PolicySid: newProfile().PolicySid,
		Status: model.TrustHubStatusDraft, StatusCallback: new("https://example.com/status"), DateCreated: now, DateUpdated: now,
	}
	if same(t, *profile, want); !strings.HasPrefix(profile.Sid, "BU") {
		t.Errorf("the SID is %s", profile.Sid)
	}
	list, err := s.CustomerProfiles(ctx, scope, upstream.CustomerProfileFilter{}, upstream.Page{First: 1})
	if err != nil || !reflect.DeepEqual(list.Items[0], *profile) || !reflect.DeepEqual(list.Position(0), made.Position) {
		t.Errorf("the list does not begin with the new profile at its position; error %v", err)
	}

	now = now.Add(time.Minute)
	_, err = s.SubmitCustomerProfile(ctx, changing(other), profile.Sid)
	wantProblem(t, err, problem.NotFound)
	product := someSID(t, s, "trust_products", demo.Main().SID)
	_, err = s.SubmitCustomerProfile(ctx, changing(scope), product)
	wantProblem(t, err, problem.NotFound)
	submitted, err := s.SubmitCustomerProfile(ctx, changing(scope), profile.Sid)
	if err != nil {
		t.Fatal(err)
	}
	want.Status, want.DateUpdated = model.TrustHubStatusPendingReview, now
	same(t, *submitted, want)
	for _, status := range model.AllTrustHubStatus {
		if status == model.TrustHubStatusDraft {
			continue
		}
		t.Run("submitted when "+string(status), func(t *testing.T) {
			exec(t, s, "UPDATE customer_profiles SET status = $1 WHERE sid = $2", string(status), profile.Sid)
			_, err := s.SubmitCustomerProfile(ctx, changing(scope), profile.Sid)
			wantProblem(t, err, problem.BadUserInput, "input", "id")
			if strings.Contains(err.Error(), string(status)) {
				t.Errorf("who may not see the status is told it: %v", err)
			}
			if kept, err := s.CustomerProfile(ctx, scope, profile.Sid); err != nil || kept.Status != status {
				t.Errorf("it is %v now; error %v", kept, err)
			}
		})
	}
	t.Run("what the database says itself", func(t *testing.T) {
		for _, set := range []string{"status = 'DONE'", "status = 'DRAFT', failure_reason = 'x'"} {
			for _, table := range []string{"customer_profiles", "trust_products"} {
				if _, err := s.DB().Exec("UPDATE " + table + " SET " + set); err == nil {
					t.Errorf("the database took %s of %s", set, table)
				}
			}
		}
	})
}

func testCustomerProfileInput(t *testing.T, s *store.Store) {
	type input = model.CreateCustomerProfileInput
	scope := everything(demo.Main().SID, model.CustomerProfile{})
	for _, row := range []struct {
		name string
		edit func(in *input)
		path string // "" for what is good
	}{
		{"no callback", func(in *input) { in.StatusCallback = null[string]() }, ""},
		{"a name of 255", func(in *input) { in.FriendlyName = strings.Repeat("é", 255) }, ""},
		{"a name of 256", func(in *input) { in.FriendlyName = strings.Repeat("a", 256) }, "friendlyName"},
		{"no name", func(in *input) { in.FriendlyName = "" }, "friendlyName"},
		{"no address", func(in *input) { in.Email = "" }, "email"},
		{"an address that is none", func(in *input) { in.Email = "Ada <ada@example.com>" }, "email"},
		{"no policy", func(in *input) { in.PolicySid = "" }, "policySid"},
		{"a profile for a policy", func(in *input) { in.PolicySid = "BU" + strings.Repeat("0a", 16) }, "policySid"},
		{"a callback that is no URL", func(in *input) { in.StatusCallback = given("example.com") }, "statusCallback"},
		{"no idempotency key", func(in *input) { in.IdempotencyKey = given("") }, "idempotencyKey"},
	} {
		t.Run(row.name, func(t *testing.T) {
			in := newProfile()
			row.edit(&in)
			_, err := s.CreateCustomerProfile(t.Context(), changing(scope), in)
			if row.path != "" {
				wantProblem(t, err, problem.BadUserInput, "input", row.path)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}
