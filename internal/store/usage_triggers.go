package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/upstream"
	"github.com/shopspring/decimal"
)

func usageTriggerTable() table[model.UsageTrigger] {
	type object = model.UsageTrigger
	return table[object]{
		name: "usage_triggers", typeName: "UsageTrigger", account: "account_sid",
		identity: func(u *object) (id, sid *string) { return &u.ID, &u.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"friendlyName", "friendly_name", func(u *object) any { return textOrNull[string]{&u.FriendlyName} }},
			{"usageCategory", "usage_category", func(u *object) any { return (*string)(&u.UsageCategory) }},
			{"triggerBy", "trigger_by", func(u *object) any { return (*string)(&u.TriggerBy) }},
			{"triggerValue", "trigger_value_micros", func(u *object) any { return (*amount)(&u.TriggerValue) }},
			{"currentValue", "current_value_micros", func(u *object) any { return (*amount)(&u.CurrentValue) }},
			{"recurring", "recurring", func(u *object) any { return textOrNull[model.UsageTriggerRecurring]{&u.Recurring} }},
			{"callbackMethod", "callback_method", func(u *object) any { return (*string)(&u.CallbackMethod) }},
			{"dateFired", "date_fired", func(u *object) any { return instantOrNull{&u.DateFired} }},
			{"dateCreated", "date_created", func(u *object) any { return (*instant)(&u.DateCreated) }},
			{"dateUpdated", "date_updated", func(u *object) any { return (*instant)(&u.DateUpdated) }},
		},
	}
}

// UsageTriggers lists the account's usage triggers, newest first.
func (s *Store) UsageTriggers(
	ctx context.Context, scope upstream.Scope, f upstream.UsageTriggerFilter, p upstream.Page,
) (upstream.List[model.UsageTrigger], error) {
	return list(ctx, s, &s.usageTriggers, scope, p, equal("usage_category", f.UsageCategory), equal("recurring", f.Recurring))
}

// UsageTrigger reads one of the account's usage triggers.
func (s *Store) UsageTrigger(ctx context.Context, scope upstream.Scope, sid string) (*model.UsageTrigger, error) {
	return get(ctx, s, &s.usageTriggers, scope, sid)
}

// CreateUsageTrigger makes a usage trigger for the account, with what was used until now. A name or an address that
// cannot be kept, and a value that is not above nothing, are BAD_USER_INPUT.
func (s *Store) CreateUsageTrigger(
	ctx context.Context, c upstream.Change, n model.CreateUsageTriggerInput,
) (upstream.Made[model.UsageTrigger], error) {
	return create(ctx, s, c, &s.usageTriggers, creation{prefix: "UT", key: n.IdempotencyKey, input: n, columns: func(tx *sql.Tx) (columns, error) {
		least, most := decimal.New(1, -6), decimal.New(1, 12)
		var in input
		in.textOrNull("friendlyName", "friendly_name", n.FriendlyName, check.Name)
		in.add("usageCategory", "usage_category", string(n.UsageCategory))
		in.add("triggerBy", "trigger_by", string(n.TriggerBy))
		in.amountOrNull("triggerValue", "trigger_value_micros", given(n.TriggerValue), least, most)
		enumOrNull(&in, "recurring", "recurring", n.Recurring)
		in.text("callbackUrl", "callback_url", n.CallbackURL, check.URL)
		in.add("callbackMethod", "callback_method", string(n.CallbackMethod))
		now, err := s.usedNow(ctx, tx, c.Account(), n)
		in.must(err)
		in.add("currentValue", "current_value_micros", now)
		return in.done()
	}})
}

// DeleteUsageTrigger deletes one of the account's usage triggers.
func (s *Store) DeleteUsageTrigger(ctx context.Context, c upstream.Change, sid string) error {
	return remove(ctx, s, c, &s.usageTriggers, sid)
}

// usedNow is what a new trigger looks at, in millionths: of the account's usage in the present day, month or year, whose
// first day begins like today, or in the whole time.
func (s *Store) usedNow(ctx context.Context, tx *sql.Tx, account string, n model.CreateUsageTriggerInput) (int64, error) {
	column := map[model.UsageTriggerBy]string{
		model.UsageTriggerByCount: "event_count * 1000000", model.UsageTriggerByUsage: "usage_micros", model.UsageTriggerByPrice: "price_micros",
	}[n.TriggerBy]
	granularity, today, begins := model.UsageGranularityAllTime, s.now().UTC().Format(time.DateOnly), 0
	if every := n.Recurring.Value(); every != nil {
		granularity = model.UsageGranularity(*every)
		begins = map[model.UsageTriggerRecurring]int{
			model.UsageTriggerRecurringDaily: len("2006-01-02"), model.UsageTriggerRecurringMonthly: len("2006-01"), model.UsageTriggerRecurringYearly: len("2006"),
		}[*every]
	}
	st := new(statement)
	st.write("SELECT ", column, " FROM usage_records WHERE account_sid = ", st.arg(account), " AND granularity = ", st.arg(string(granularity)),
		" AND category = ", st.arg(string(n.UsageCategory)), " AND start_date >= ", st.arg(today[:begins]))
	var used int64
	if err := s.scanOne(ctx, tx, st, &used); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, failed(ctx, "looking for usage", err)
	}
	return used, nil
}
