package store_test

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func mainSenderIDs() upstream.Scope { return everything(demo.Main().SID, model.SenderIDRegistration{}) }

// application is for a sender ID in a country.
func application(senderID, country string) model.SubmitSenderIDRegistrationInput {
	return model.SubmitSenderIDRegistrationInput{
		SenderID: senderID, IsoCountry: country, UseCase: model.SenderIDUseCaseNotifications,
		CompanyName: "Halyard Freight", ContactEmail: "legal@example.com", ContactName: "Ingrid Halvorsen",
	}
}

// testSenderIDs hands in registrations and withdraws them.
func testSenderIDs(t *testing.T, s *store.Store) {
	ctx := t.Context()
	second := everything(demo.Second().SID, model.SenderIDRegistration{})
	made, err := s.SubmitSenderIDRegistration(ctx, changing(mainSenderIDs()), application("Halyard & Co", "NO"))
	wantProblem(t, err, problem.BadUserInput, "input", "senderId") // 12 characters
	made, err = s.SubmitSenderIDRegistration(ctx, changing(mainSenderIDs()), application("Halyard&Co", "NO"))
	if err != nil {
		t.Fatal(err)
	}
	r := *made.Object
	if !strings.HasPrefix(r.Sid, "AI") || r.SenderID != "Halyard&Co" || r.IsoCountry != "NO" || r.Status != model.SenderIDStatusSubmitted ||
		r.UseCase != model.SenderIDUseCaseNotifications || r.CompanyName != "Halyard Freight" || r.ContactEmail != "legal@example.com" ||
		r.ContactName != "Ingrid Halvorsen" || r.RejectionReason != nil {
		t.Errorf("handed in %+v", r)
	}
	list, err := s.SenderIDRegistrations(ctx, mainSenderIDs(), upstream.SenderIDFilter{}, upstream.Page{First: 1})
	if err != nil || !reflect.DeepEqual(list.Items[0], r) || !reflect.DeepEqual(list.Position(0), made.Position) {
		t.Errorf("the list does not begin with it, error %v", err)
	}

	for _, row := range []struct {
		name, status string
		scope        upstream.Scope
		senderID     string
		country      string
		conflict     bool
	}{
		{"the same", "SUBMITTED", mainSenderIDs(), "Halyard&Co", "NO", true},
		{"while it is reviewed", "IN_REVIEW", mainSenderIDs(), "Halyard&Co", "NO", true},
		{"after it was approved", "APPROVED", mainSenderIDs(), "Halyard&Co", "NO", true},
		{"another country", "APPROVED", mainSenderIDs(), "Halyard&Co", "FI", false},
		{"another sender ID", "APPROVED", mainSenderIDs(), "Halyard", "NO", false},
		{"another account", "APPROVED", second, "Halyard&Co", "NO", false},
		{"after it was rejected", "REJECTED", mainSenderIDs(), "Halyard&Co", "NO", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			exec(t, s, "UPDATE sender_id_registrations SET status = $1, rejection_reason = CASE WHEN $2 = 'REJECTED' THEN 'x' END WHERE sid = $3",
				row.status, row.status, r.Sid)
			_, err := s.SubmitSenderIDRegistration(ctx, changing(row.scope), application(row.senderID, row.country))
			if row.conflict {
				wantProblem(t, err, problem.Conflict)
				if !strings.Contains(err.Error(), "already: senderId and isoCountry.") {
					t.Errorf("it does not say what is taken: %v", err)
				}
			} else if err != nil {
				t.Error(err)
			}
		})
	}

	wantProblem(t, s.DeleteSenderIDRegistration(ctx, changing(second), r.Sid), problem.NotFound)
	if err := s.DeleteSenderIDRegistration(ctx, changing(mainSenderIDs()), r.Sid); err != nil {
		t.Fatal(err)
	}
	_, err = s.SenderIDRegistration(ctx, mainSenderIDs(), r.Sid)
	wantProblem(t, err, problem.NotFound)
	wantProblem(t, s.DeleteSenderIDRegistration(ctx, changing(mainSenderIDs()), r.Sid), problem.NotFound)

	t.Run("at the same time", func(t *testing.T) {
		var wait sync.WaitGroup
		errs := make([]error, 10)
		for i := range errs {
			wait.Go(func() {
				_, errs[i] = s.SubmitSenderIDRegistration(ctx, changing(mainSenderIDs()), application("Race", "NO"))
			})
		}
		wait.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else if problem.CodeOf(err) != problem.Conflict {
				t.Errorf("error %v, want CONFLICT", err)
			}
		}
		if made != 1 {
			t.Errorf("%d were made", made)
		}
	})
}

func testSenderIDInput(t *testing.T, s *store.Store) {
	for _, row := range []struct {
		name, path string
		change     func(n *model.SubmitSenderIDRegistrationInput)
	}{
		{"one letter", "", func(n *model.SubmitSenderIDRegistrationInput) { n.SenderID = "A" }},
		{"11 characters of all kinds", "", func(n *model.SubmitSenderIDRegistrationInput) { n.SenderID = "a Z0+1-2_3&" }},
		{"no characters", "senderId", func(n *model.SubmitSenderIDRegistrationInput) { n.SenderID = "" }},
		{"12 characters", "senderId", func(n *model.SubmitSenderIDRegistrationInput) { n.SenderID = "ABCDEFGHIJKL" }},
		{"no letter", "senderId", func(n *model.SubmitSenderIDRegistrationInput) { n.SenderID = "12345" }},
		{"a space before it", "senderId", func(n *model.SubmitSenderIDRegistrationInput) { n.SenderID = " Halyard" }},
		{"a letter of another alphabet", "senderId", func(n *model.SubmitSenderIDRegistrationInput) { n.SenderID = "Нalyard" }},
		{"another sign", "senderId", func(n *model.SubmitSenderIDRegistrationInput) { n.SenderID = "Halyard!" }},
		{"a newline after it", "senderId", func(n *model.SubmitSenderIDRegistrationInput) { n.SenderID = "Halyard\n" }},
		{"a country in small letters", "isoCountry", func(n *model.SubmitSenderIDRegistrationInput) { n.IsoCountry = "no" }},
		{"a country of three letters", "isoCountry", func(n *model.SubmitSenderIDRegistrationInput) { n.IsoCountry = "NOR" }},
		{"no company", "companyName", func(n *model.SubmitSenderIDRegistrationInput) { n.CompanyName = " " }},
		{"no address", "contactEmail", func(n *model.SubmitSenderIDRegistrationInput) { n.ContactEmail = "legal" }},
		{"an address with a name", "contactEmail", func(n *model.SubmitSenderIDRegistrationInput) { n.ContactEmail = "L <legal@example.com>" }},
		{"no person", "contactName", func(n *model.SubmitSenderIDRegistrationInput) { n.ContactName = "" }},
		{"an empty idempotency key", "idempotencyKey", func(n *model.SubmitSenderIDRegistrationInput) { n.IdempotencyKey = given("") }},
	} {
		t.Run(row.name, func(t *testing.T) {
			n := application("Halyard", "NO")
			row.change(&n)
			_, err := s.SubmitSenderIDRegistration(t.Context(), changing(mainSenderIDs()), n)
			if row.path == "" && err != nil {
				t.Error(err)
			}
			if row.path != "" {
				wantProblem(t, err, problem.BadUserInput, "input", row.path)
			}
		})
	}
}
