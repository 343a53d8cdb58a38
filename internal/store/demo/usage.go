package demo

import (
	"time"

	"github.com/fieldgate/fieldgate/graph/model"
)

// currency is what all prices of the demo are in.
const currency = "USD"

// million is how many micro-units a unit has.
const million = 1_000_000

// category is how a category of usage comes about.
type category struct {
	name                              model.UsageCategory
	description, countUnit, usageUnit string
	// perDay is how often something is used on a common day of the main account.
	perDay int64
	// quarters is the most quarters of a unit that one use takes; 0 for just one unit.
	quarters int64
	// price is what a unit costs, in micro-units of the currency.
	price int64
}

func categories() []category {
	return []category{
		{model.UsageCategoryCallsInbound, "Inbound Voice Calls", "calls", "minutes", 180, 24, 8_500},
		{model.UsageCategoryCallsOutbound, "Outbound Voice Calls", "calls", "minutes", 240, 32, 14_000},
		{model.UsageCategorySmsInbound, "Inbound SMS", "messages", "messages", 320, 0, 7_900},
		{model.UsageCategorySmsOutbound, "Outbound SMS", "messages", "messages", 940, 0, 7_900},
		{model.UsageCategoryMms, "MMS", "messages", "messages", 45, 0, 20_000},
		{model.UsageCategoryPhonenumbers, "Phone Numbers", "numbers", "numbers", 38, 0, 1_150_000},
		{model.UsageCategoryRecordings, "Recordings", "recordings", "minutes", 110, 20, 2_500},
		{model.UsageCategoryLookups, "Lookups", "lookups", "lookups", 75, 0, 5_000},
	}
}

// used is what was used of a category in a period.
type used struct {
	category   category
	start, end time.Time // the first and the last day
	count      int64
	micros     int64 // of the unit of usage
	price      int64 // micro-units of the currency
}

// dailyUsage is the usage of each day, from the first of the month so many months ago
// until yesterday.
func dailyUsage(a Account, n size, today time.Time) []used {
	r := stream(a.Name + "/usage")
	first := monthOf(today).AddDate(0, -n.months, 0)
	var daily []used
	for d := first; d.Before(today); d = d.AddDate(0, 0, 1) {
		busy := int64(100)
		if d.Weekday() == time.Saturday || d.Weekday() == time.Sunday {
			busy = 35
		}
		for _, c := range categories() {
			count := c.perDay * n.perDay * busy * (75 + r.Int64N(51)) / million
			amount := count * million
			if c.quarters > 0 {
				amount = 0
				for range count {
					amount += (1 + r.Int64N(c.quarters)) * million / 4
				}
			}
			daily = append(daily, used{c, d, d, count, amount, amount / 1000 * c.price / 1000})
		}
	}
	return daily
}

// sum adds up daily usage by category and by the period that each day belongs to.
func sum(daily []used, period func(day time.Time) (start, end time.Time)) []used {
	type key struct {
		name  model.UsageCategory
		start time.Time
	}
	var sums []used
	index := map[key]int{}
	for _, u := range daily {
		start, end := period(u.start)
		k := key{u.category.name, start}
		i, known := index[k]
		if !known {
			i = len(sums)
			index[k] = i
			sums = append(sums, used{category: u.category, start: start, end: end})
		}
		sums[i].count += u.count
		sums[i].micros += u.micros
		sums[i].price += u.price
	}
	return sums
}

func monthOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// month is the calendar month of a day.
func month(d time.Time) (start, end time.Time) {
	start = monthOf(d)
	return start, start.AddDate(0, 1, -1)
}

// year is the calendar year of a day.
func year(d time.Time) (start, end time.Time) {
	start = time.Date(d.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	return start, start.AddDate(1, 0, -1)
}

func usageRows(a Account, daily []used, today time.Time) rows {
	t := rows{table: "usage_records", columns: []string{
		"account_sid", "category", "description", "granularity", "start_date", "end_date", "event_count", "count_unit",
		"usage_micros", "usage_unit", "price_micros", "price_unit", "as_of",
	}}
	first, last := daily[0].start, daily[len(daily)-1].end
	allTime := func(time.Time) (start, end time.Time) { return first, last }
	for _, g := range []struct {
		granularity model.UsageGranularity
		periods     []used
	}{
		{model.UsageGranularityDaily, daily},
		{model.UsageGranularityMonthly, sum(daily, month)},
		{model.UsageGranularityYearly, sum(daily, year)},
		{model.UsageGranularityAllTime, sum(daily, allTime)},
	} {
		for _, u := range g.periods {
			c := u.category
			t.add(a.SID, string(c.name), c.description, string(g.granularity), day(u.start), day(u.end), u.count, c.countUnit,
				u.micros, c.usageUnit, u.price, currency, at(today))
		}
	}
	return t
}
