package demo

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// phoneNumber is a number that an account owns.
type phoneNumber struct {
	sid, number string
	values      []any
}

// phoneNumbers makes the account's numbers, each a different one.
func phoneNumbers(a Account, count int, today time.Time) []phoneNumber {
	r := stream(a.Name + "/phone numbers")
	all := places()
	numbers := make([]phoneNumber, count)
	used := map[string]bool{}
	for i := range numbers {
		p := all[r.IntN(len(all))]
		number := fmt.Sprintf(p.format, p.from+r.IntN(p.count))
		for used[number] {
			p = all[r.IntN(len(all))]
			number = fmt.Sprintf(p.format, p.from+r.IntN(p.count))
		}
		used[number] = true
		numbers[i] = newPhoneNumber(r, a, p, number, today)
	}
	return numbers
}

func newPhoneNumber(r *rand.Rand, a Account, p place, number string, today time.Time) phoneNumber {
	purpose := pick(r, "Dispatch", "Driver hotline", "Customer care", "Returns desk", "Warehouse", "Delivery notices", "Night desk")
	name := fmt.Sprintf("%s %s", purpose, p.name)
	origin := "twilio"
	if r.IntN(100) < 4 {
		origin = "hosted"
	}
	made := today.Add(-time.Duration(r.IntN(3*365*24*60)) * time.Minute)
	changed := made.Add(time.Duration(r.Int64N(int64(today.Sub(made)) + 1))).Truncate(time.Second)
	n := phoneNumber{sid: sid(r, "PN"), number: number}
	n.values = []any{
		n.sid, a.SID, number, name, true, r.IntN(10) > 0, p.american, r.IntN(20) == 0, origin, "in-use", r.IntN(50) == 0,
		pick(r, "NONE", "NONE", "NONE", "ANY", "LOCAL", "FOREIGN"),
		maybe(r, 20, sid(r, "AD")), maybe(r, 10, sid(r, "BU")), maybe(r, 10, sid(r, "AP")), r.IntN(5) == 0,
	}
	n.values = append(n.values, webhook(r, 90, a, "voice")...)
	n.values = append(n.values, webhook(r, 40, a, "voice-fallback")...)
	n.values = append(n.values, maybe(r, 10, sid(r, "AP")))
	n.values = append(n.values, webhook(r, 80, a, "sms")...)
	n.values = append(n.values, webhook(r, 30, a, "sms-fallback")...)
	n.values = append(n.values, webhook(r, 60, a, "status")...)
	n.values = append(n.values, maybe(r, 5, sid(r, "TK")), at(made), at(changed))
	return n
}

// teams are those of the account that have webhooks.
var teams = []string{"dispatch", "care", "returns", "warehouse", "night"}

// webhook is an address and how it is called, or neither.
func webhook(r *rand.Rand, percent int, a Account, what string) []any {
	team := pick(r, teams...)
	method := pick(r, "POST", "POST", "GET")
	if r.IntN(100) >= percent {
		return []any{nil, nil}
	}
	return []any{webhookURL(team, a, what), method}
}

// webhookURL is where a team of the account is told of something. Two teams let in whoever has the URL.
func webhookURL(team string, a Account, what string) string {
	address := fmt.Sprintf("%s/%s/%s", a.domain, team, what)
	switch team {
	case "warehouse":
		address = "warehouse:demo-password@" + address
	case "night":
		address += "?site=north&token=demo-token"
	}
	return "https://" + address
}

func phoneNumberRows(numbers []phoneNumber) rows {
	t := rows{table: "phone_numbers", columns: []string{
		"sid", "account_sid", "phone_number", "friendly_name", "voice_capable", "sms_capable", "mms_capable", "fax_capable",
		"origin", "status", "beta", "address_requirements", "address_sid", "bundle_sid", "voice_application_sid",
		"voice_caller_id_lookup", "voice_url", "voice_method", "voice_fallback_url", "voice_fallback_method",
		"sms_application_sid", "sms_url", "sms_method", "sms_fallback_url", "sms_fallback_method",
		"status_callback", "status_callback_method", "trunk_sid", "date_created", "date_updated",
	}}
	for _, n := range numbers {
		t.add(n.values...)
	}
	return t
}
