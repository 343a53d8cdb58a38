package demo

import (
	"fmt"
	"strings"
	"time"
)

// usageTriggerRows makes triggers of each category: one for each period, which lies ahead, and one for the whole time,
// which has been passed.
func usageTriggerRows(a Account, daily []used, today time.Time) rows {
	r := stream(a.Name + "/usage triggers")
	t := rows{table: "usage_triggers", columns: []string{
		"sid", "account_sid", "friendly_name", "usage_category", "trigger_by", "trigger_value_micros", "current_value_micros",
		"recurring", "callback_url", "callback_method", "date_fired", "date_created", "date_updated",
	}}
	for i, c := range categories() {
		for _, every := range []struct {
			recurring any
			begins    string // how the days of the present period begin
		}{
			{"DAILY", day(today)}, {"MONTHLY", today.Format("2006-01")}, {"YEARLY", today.Format("2006")}, {nil, ""},
		} {
			var now used
			for _, u := range daily {
				if u.category.name == c.name && strings.HasPrefix(day(u.start), every.begins) {
					now.count, now.micros, now.price = now.count+u.count, now.micros+u.micros, now.price+u.price
				}
			}
			by, value := "USAGE", now.micros
			switch i % 3 {
			case 1:
				by, value = "COUNT", now.count*million
			case 2:
				by, value = "PRICE", now.price
			}
			made := at(today.Add(-time.Duration(2*60+r.IntN(60*24*60)) * time.Minute))
			limit, fired, changed := 2*value+100*million, any(nil), made
			if every.recurring == nil && value > 1 {
				changed = at(today.Add(-time.Duration(1+r.IntN(60)) * time.Minute))
				limit, fired = value/2+1, changed
			}
			t.add(sid(r, "UT"), a.SID, maybe(r, 80, c.description+" watch"), string(c.name), by, limit, value, every.recurring,
				fmt.Sprintf("https://hook:%s@%s/usage", sid(r, "")[:12], a.domain), pick(r, "POST", "GET"), fired, made, changed)
		}
	}
	return t
}
