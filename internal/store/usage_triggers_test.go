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
	"github.com/shopspring/decimal"
)

func usageTriggerListings() []listing {
	type filter = filtered[model.UsageTrigger, upstream.UsageTriggerFilter]
	mms, daily := model.UsageCategoryMms, model.UsageTriggerRecurringDaily
	return lists("usageTriggers", "usage_triggers", (*store.Store).UsageTriggers, upstream.UsageTriggerFilter{},
		func(a, b model.UsageTrigger) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) },
		filter{"usageCategory", upstream.UsageTriggerFilter{UsageCategory: &mms},
			func(u model.UsageTrigger) bool { return u.UsageCategory == mms }},
		filter{"recurring", upstream.UsageTriggerFilter{Recurring: &daily},
			func(u model.UsageTrigger) bool { return holds(u.Recurring, daily) }},
		filter{"several", upstream.UsageTriggerFilter{UsageCategory: &mms, Recurring: &daily},
			func(u model.UsageTrigger) bool { return u.UsageCategory == mms && holds(u.Recurring, daily) }})
}

// newTrigger is a usage trigger that can be made.
func newTrigger() model.CreateUsageTriggerInput {
	return model.CreateUsageTriggerInput{
		UsageCategory: model.UsageCategoryMms, TriggerBy: model.UsageTriggerByUsage, TriggerValue: decimal.NewFromInt(10),
		CallbackURL: "https://hook:sesame@example.com/usage?key=open", CallbackMethod: model.HTTPMethodPost,
	}
}

func testUsageTriggers(t *testing.T, s *store.Store) {
	ctx := t.Context()
	scope, other := everything(demo.Main().SID, model.UsageTrigger{}), everything(demo.Second().SID, model.UsageTrigger{})
	now := storetest.Now()
	s.SetNow(func() time.Time { return now })
	in := newTrigger()
	in.FriendlyName, in.TriggerValue = given("Pictures"), decimal.RequireFromString("12.345678")
	made, err := s.CreateUsageTrigger(ctx, changing(scope), in)
	if err != nil {
		t.Fatal(err)
	}
	trigger := made.Object
	want := model.UsageTrigger{
		ID: trigger.ID, Sid: trigger.Sid, FriendlyName: new("Pictures"), UsageCategory: in.UsageCategory, TriggerBy: in.TriggerBy,
		TriggerValue: in.TriggerValue, CurrentValue: trigger.CurrentValue, CallbackMethod: in.CallbackMethod,
		DateCreated: now.Truncate(time.Microsecond), DateUpdated: now.Truncate(time.Microsecond),
	}
	if same(t, *trigger, want); !strings.HasPrefix(trigger.Sid, "UT") {
		t.Errorf("the SID is %s", trigger.Sid)
	}
	if kept := rawRows(t, s, "SELECT callback_url FROM usage_triggers WHERE sid = $1", trigger.Sid); kept[0]["callback_url"] != in.CallbackURL {
		t.Errorf("kept %v", kept)
	}
	list, err := s.UsageTriggers(ctx, scope, upstream.UsageTriggerFilter{}, upstream.Page{First: 1})
	if err != nil || list.Items[0].Sid != trigger.Sid || !reflect.DeepEqual(list.Position(0), made.Position) {
		t.Errorf("the list does not begin with the new trigger at its position; error %v", err)
	}
	wantProblem(t, s.DeleteUsageTrigger(ctx, changing(other), trigger.Sid), problem.NotFound)
	if err := s.DeleteUsageTrigger(ctx, changing(scope), trigger.Sid); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, s.DeleteUsageTrigger(ctx, changing(scope), trigger.Sid), problem.NotFound)

	// The current value is that of the usage records, of the period that today lies in.
	now = time.Date(2026, time.March, 13, 23, 59, 59, 0, time.UTC)
	for _, row := range []struct {
		name      string
		recurring model.UsageTriggerRecurring
		start     string
	}{
		{"this day", model.UsageTriggerRecurringDaily, "2026-03-13"},
		{"this month", model.UsageTriggerRecurringMonthly, "2026-03-01"},
		{"this year", model.UsageTriggerRecurringYearly, "2026-01-01"},
		{"the whole time", "", ""},
	} {
		for by, column := range map[model.UsageTriggerBy]string{
			model.UsageTriggerByCount: "event_count * 1000000", model.UsageTriggerByUsage: "usage_micros", model.UsageTriggerByPrice: "price_micros",
		} {
			t.Run(row.name+" by "+string(by), func(t *testing.T) {
				in := newTrigger()
				in.TriggerBy = by
				granularity := "ALL_TIME"
				if row.recurring != "" {
					in.Recurring, granularity = given(row.recurring), string(row.recurring)
				}
				made, err := s.CreateUsageTrigger(ctx, changing(scope), in)
				if err != nil {
					t.Fatal(err)
				}
				var micros int64
				if err := s.DB().QueryRow("SELECT "+column+" FROM usage_records WHERE account_sid = $1 AND category = 'MMS' AND granularity = $2 AND (start_date = $3 OR $3 = '')",
					demo.Main().SID, granularity, row.start).Scan(&micros); err != nil {
					t.Fatal(err)
				}
				if want := decimal.New(micros, -6); micros == 0 || !made.Object.CurrentValue.Equal(want) {
					t.Errorf("%s, want %s", made.Object.CurrentValue, want)
				}
			})
		}
	}
	t.Run("a day without usage", func(t *testing.T) {
		now = now.Add(time.Second)
		in := newTrigger()
		in.Recurring = given(model.UsageTriggerRecurringDaily)
		made, err := s.CreateUsageTrigger(ctx, changing(scope), in)
		if err != nil || !made.Object.CurrentValue.IsZero() {
			t.Errorf("%+v, error %v", made.Object, err)
		}
	})
}

func testUsageTriggerInput(t *testing.T, s *store.Store) {
	type input = model.CreateUsageTriggerInput
	scope := everything(demo.Main().SID, model.UsageTrigger{})
	value := func(text string) func(in *input) {
		return func(in *input) { in.TriggerValue = decimal.RequireFromString(text) }
	}
	for _, row := range []struct {
		name string
		edit func(in *input)
		path string // "" for what is good
	}{
		{"no name", func(in *input) { in.FriendlyName = null[string]() }, ""},
		{"an empty name", func(in *input) { in.FriendlyName = given("") }, "friendlyName"},
		{"a name of 65", func(in *input) { in.FriendlyName = given(strings.Repeat("a", 65)) }, "friendlyName"},
		{"never anew", func(in *input) { in.Recurring = null[model.UsageTriggerRecurring]() }, ""},
		{"a millionth", value("0.000001"), ""},
		{"nothing", value("0"), "triggerValue"},
		{"less than nothing", value("-1"), "triggerValue"},
		{"less than a millionth", value("0.0000001"), "triggerValue"},
		{"the most", value("1000000000000"), ""},
		{"more than the most", value("1000000000000.000001"), "triggerValue"},
		{"no URL", func(in *input) { in.CallbackURL = "" }, "callbackUrl"},
		{"a file", func(in *input) { in.CallbackURL = "file:///etc/passwd" }, "callbackUrl"},
		{"no host", func(in *input) { in.CallbackURL = "https:///usage" }, "callbackUrl"},
		{"no idempotency key", func(in *input) { in.IdempotencyKey = given("") }, "idempotencyKey"},
	} {
		t.Run(row.name, func(t *testing.T) {
			in := newTrigger()
			row.edit(&in)
			_, err := s.CreateUsageTrigger(t.Context(), changing(scope), in)
			if row.path != "" {
				wantProblem(t, err, problem.BadUserInput, "input", row.path)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}
