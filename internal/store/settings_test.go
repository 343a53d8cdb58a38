package store_test

import (
	"database/sql"
	"reflect"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func mainSettings() upstream.Scope { return everything(demo.Main().SID, model.ProjectSettings{}) }

func testSettings(t *testing.T, s *store.Store) {
	ctx := t.Context()
	before, err := s.Settings(ctx, mainSettings())
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.Settings(ctx, everything(demo.Second().SID, model.ProjectSettings{}))
	if err != nil {
		t.Fatal(err)
	}
	now := storetest.Now().Add(time.Hour)
	s.SetNow(func() time.Time { return now })
	want := *before
	want.FriendlyName, want.TimeZone, want.TwoFactorRequired, want.DateUpdated = "Halyard", "Europe/Paris", true, now
	got, err := s.UpdateSettings(ctx, changing(mainSettings()), model.UpdateProjectSettingsInput{
		FriendlyName: given("Halyard"), TimeZone: given("Europe/Paris"), TwoFactorRequired: given(true),
	})
	if err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("changed to %+v, error %v, want %+v", got, err, want)
	}
	now = now.Add(time.Hour)
	if got, err := s.UpdateSettings(ctx, changing(mainSettings()), model.UpdateProjectSettingsInput{}); err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("nothing changed it to %+v, error %v", got, err)
	}
	if again, err := s.Settings(ctx, everything(demo.Second().SID, model.ProjectSettings{})); err != nil || !reflect.DeepEqual(again, other) {
		t.Errorf("another account's settings became %+v, error %v", again, err)
	}
	for _, row := range []struct {
		path  string
		input model.UpdateProjectSettingsInput
	}{
		{"friendlyName", model.UpdateProjectSettingsInput{FriendlyName: given(" ")}},
		{"friendlyName", model.UpdateProjectSettingsInput{FriendlyName: null[string]()}},
		{"timeZone", model.UpdateProjectSettingsInput{TimeZone: given("Mars/Olympus")}},
		{"timeZone", model.UpdateProjectSettingsInput{TimeZone: given("../../etc/passwd")}},
		{"sslCertificateValidation", model.UpdateProjectSettingsInput{SslCertificateValidation: null[bool]()}},
		{"twoFactorRequired", model.UpdateProjectSettingsInput{TwoFactorRequired: null[bool]()}},
	} {
		_, err := s.UpdateSettings(ctx, changing(mainSettings()), row.input)
		wantProblem(t, err, problem.BadUserInput, "input", row.path)
	}
	_, err = s.UpdateSettings(ctx, changing(upstream.Scope{}), model.UpdateProjectSettingsInput{})
	wantProblem(t, err, problem.NotFound)
}

// testOnlyOwner has everyone say who manages Administrators.
func testOnlyOwner(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a := demo.Main()
	owner := a.With(policy.Owner).SID
	say := func(user, client string, value bool) error {
		intent := audit.NewIntent(audit.Intent{User: user, Client: client, Coordinate: "Mutation.updateProjectSettings"})
		_, err := s.UpdateSettings(ctx, upstream.NewChange(mainSettings(), intent), model.UpdateProjectSettingsInput{
			OnlyOwnerManagesAdministrators: given(value), TwoFactorRequired: given(value),
		})
		return err
	}
	reads := func() (bool, bool) {
		settings, err := s.Settings(ctx, mainSettings())
		if err != nil {
			t.Fatal(err)
		}
		return settings.OnlyOwnerManagesAdministrators, settings.TwoFactorRequired
	}
	if err := say(owner, "", true); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, user, client string }{
		{"an Administrator", a.With(policy.Administrator).SID, ""},
		{"a Developer", a.With(policy.Developer).SID, ""},
		{"an OAuth client of the Owner", owner, "OC1"},
		{"another account's Owner", demo.Second().With(policy.Owner).SID, ""},
		{"nobody", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, value := range []bool{true, false} { // what it is already, and what it is not
				wantProblem(t, say(row.user, row.client, value), problem.Forbidden)
			}
			if only, second := reads(); !only || !second {
				t.Error("something of it was changed all the same")
			}
		})
	}
	_, err := s.UpdateSettings(ctx, by(mainSettings(), owner, "updateProjectSettings"), model.UpdateProjectSettingsInput{
		OnlyOwnerManagesAdministrators: null[bool](),
	})
	wantProblem(t, err, problem.BadUserInput, "input", "onlyOwnerManagesAdministrators")
	if err := say(owner, "", false); err != nil {
		t.Error(err)
	}
	if only, second := reads(); only || second {
		t.Error("the Owner has not changed it back")
	}

	next := a.With(policy.Administrator).SID
	if err := s.Transact(ctx, func(tx *sql.Tx) error {
		for _, one := range []struct{ statement, user string }{
			{"UPDATE users SET roles = 'ADMINISTRATOR' WHERE sid = $1", owner},
			{"UPDATE users SET roles = 'OWNER' WHERE sid = $1", next},
			{"UPDATE accounts SET owner_id = $1 WHERE sid = '" + a.SID + "'", next},
		} {
			if _, err := tx.Exec(one.statement, one.user); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, say(owner, "", true), problem.Forbidden) // whatever their token says
	if err := say(next, "", true); err != nil {
		t.Errorf("the new Owner: %v", err)
	}
}
