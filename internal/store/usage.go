package store

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/scalar"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func usageTable() table[model.UsageRecord] {
	type object = model.UsageRecord
	return table[object]{
		name: "usage_records", typeName: "UsageRecord", account: "account_sid",
		order: []key{{column: "start_date", kind: day, descending: true}, {column: "category", kind: text}},
		columns: []column[object]{
			{"category", "category", func(u *object) any { return (*string)(&u.Category) }},
			{"description", "description", func(u *object) any { return &u.Description }},
			{"granularity", "granularity", func(u *object) any { return (*string)(&u.Granularity) }},
			{"startDate", "start_date", func(u *object) any { return (*string)(&u.StartDate) }},
			{"endDate", "end_date", func(u *object) any { return (*string)(&u.EndDate) }},
			{"count", "event_count", func(u *object) any { return (*number)(&u.Count) }},
			{"countUnit", "count_unit", func(u *object) any { return &u.CountUnit }},
			{"usage", "usage_micros", func(u *object) any { return (*amount)(&u.Usage) }},
			{"usageUnit", "usage_unit", func(u *object) any { return &u.UsageUnit }},
			{"price", "price_micros", func(u *object) any { return (*amount)(&u.Price.Amount) }},
			{"price", "price_unit", func(u *object) any { return &u.Price.Currency }},
			{"asOf", "as_of", func(u *object) any { return (*instant)(&u.AsOf) }},
		},
	}
}

// UsageRecords lists what the account used in periods of the filter's granularity,
// newest first and by category within a period. Without a granularity there are none.
func (s *Store) UsageRecords(
	ctx context.Context, scope upstream.Scope, f upstream.UsageFilter, p upstream.Page,
) (upstream.List[model.UsageRecord], error) {
	return list(ctx, s, &s.usage, scope, p,
		equal("granularity", &f.Granularity), equal("category", f.Category),
		compareDay("start_date", " >= ", f.Start), compareDay("end_date", " <= ", f.End))
}

// compareDay is the filter by a day; none if there is no day.
func compareDay(column, operator string, d *scalar.Date) filter {
	if d == nil {
		return nil
	}
	return func(st *statement) { st.write(" AND ", column, operator, st.arg(string(*d))) }
}
