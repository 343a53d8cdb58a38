package store_test

import (
	"os"
	"reflect"
	"slices"
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

func flexListings(t *testing.T, s *store.Store, account string) []listing {
	type filter = filtered[model.Worker, upstream.WorkerFilter]
	worker := first(t, s.Workers, account, upstream.WorkerFilter{}, "activityName")
	yes, no := true, false
	return slices.Concat(
		lists("workers", "workers", (*store.Store).Workers, upstream.WorkerFilter{},
			func(a, b model.Worker) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) },
			filter{"available", upstream.WorkerFilter{Available: &yes}, func(w model.Worker) bool { return w.Available }},
			filter{"several, not available", upstream.WorkerFilter{Available: &no}, func(w model.Worker) bool { return !w.Available }},
			filter{"activityName", upstream.WorkerFilter{ActivityName: &worker.ActivityName},
				func(w model.Worker) bool { return w.ActivityName == worker.ActivityName }}),
		lists("taskQueues", "task_queues", unfiltered((*store.Store).TaskQueues), struct{}{},
			func(a, b model.TaskQueue) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) }))
}

// testFlexConfiguration changes one account's configuration: the other's stays.
func testFlexConfiguration(t *testing.T, s *store.Store) {
	ctx := t.Context()
	scope, other := everything(demo.Main().SID, model.FlexConfiguration{}), everything(demo.Second().SID, model.FlexConfiguration{})
	read := func(scope upstream.Scope) model.FlexConfiguration {
		t.Helper()
		f, err := s.FlexConfiguration(ctx, scope)
		if err != nil {
			t.Fatal(err)
		}
		return *f
	}
	want, theirs := read(scope), read(other)
	now := storetest.Now().Add(123456 * time.Microsecond)
	s.SetNow(func() time.Time { return now })
	url := "https://user:word@hooks.example.com/recordings"
	got, err := s.UpdateFlexConfiguration(ctx, changing(scope), model.UpdateFlexConfigurationInput{
		UIVersion: given("2.10.0"), CallRecordingWebhookURL: given(url), CrmEnabled: given(false), CrmCallbackURL: null[string](),
	})
	if err != nil {
		t.Fatal(err)
	}
	version := "2.10.0"
	want.UIVersion, want.CallRecordingWebhookURL, want.CrmEnabled, want.CrmCallbackURL, want.DateUpdated = &version, &url, false, nil, now
	if !reflect.DeepEqual(*got, want) || !reflect.DeepEqual(read(scope), want) {
		t.Errorf("changed to %+v, want %+v", *got, want)
	}
	if again := read(other); !reflect.DeepEqual(again, theirs) {
		t.Errorf("the other account's has changed to %+v", again)
	}
	_, err = s.UpdateFlexConfiguration(ctx, changing(upstream.Scope{}), model.UpdateFlexConfigurationInput{})
	wantProblem(t, err, problem.NotFound)
	for _, row := range []struct {
		name, field string
		input       model.UpdateFlexConfigurationInput
	}{
		{"a version that is too long", "uiVersion", model.UpdateFlexConfigurationInput{UIVersion: given(strings.Repeat("1", 65))}},
		{"a language that is empty", "uiLanguage", model.UpdateFlexConfigurationInput{UILanguage: given("")}},
		{"no address for recordings", "callRecordingWebhookUrl", model.UpdateFlexConfigurationInput{CallRecordingWebhookURL: given("x")}},
		{"no address of a CRM", "crmCallbackUrl", model.UpdateFlexConfigurationInput{CrmCallbackURL: given("x")}},
		{"no page to show", "crmFallbackUrl", model.UpdateFlexConfigurationInput{CrmFallbackURL: given("x")}},
		{"a flag that is null", "pluginServiceEnabled", model.UpdateFlexConfigurationInput{PluginServiceEnabled: null[bool]()}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := s.UpdateFlexConfiguration(ctx, changing(scope), row.input)
			wantProblem(t, err, problem.BadUserInput, "input", row.field)
		})
	}
}

// testFlexOfOldAccounts takes the step of the migration in a database that has accounts: in each, nobody has begun.
func testFlexOfOldAccounts(t *testing.T, s *store.Store) {
	step, err := os.ReadFile("migrations/00017_flex.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"DROP TABLE flex_configurations", "DROP TABLE workers", "DROP TABLE task_queues", string(step)} {
		if _, err := s.DB().Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range []demo.Account{demo.Main(), demo.Second()} {
		f, err := s.FlexConfiguration(t.Context(), everything(a.SID, model.FlexConfiguration{}))
		if err != nil {
			t.Fatal(err)
		}
		settings, err := s.Settings(t.Context(), everything(a.SID, model.ProjectSettings{}))
		if err != nil {
			t.Fatal(err)
		}
		want := model.FlexConfiguration{Status: model.FlexStatusNotStarted, DateCreated: settings.DateCreated, DateUpdated: settings.DateCreated}
		if *f != want {
			t.Errorf("%s has %+v, want %+v", a.Name, *f, want)
		}
	}
}
