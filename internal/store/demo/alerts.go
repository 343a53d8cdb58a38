package demo

import (
	"strconv"
	"time"
)

// alertRows makes alerts about calls and messages of the account.
func alertRows(of traffic, count int, calls, messages rows) rows {
	r, a := of.r, of.account
	t := rows{table: "alerts", columns: []string{
		"sid", "account_sid", "log_level", "error_code", "alert_text", "more_info", "resource_sid", "service_sid",
		"request_method", "date_generated", "date_created", "date_updated",
	}}
	for range count {
		f := pick(r,
			fault{11200, "HTTP retrieval failure"}, fault{11205, "HTTP connection failure"}, fault{12100, "Document parse failure"},
			fault{12300, "Invalid Content-Type"}, fault{13224, "Dial: invalid phone number"}, fault{21610, "Recipient unsubscribed"},
			fault{30003, "Unreachable destination handset"}, fault{30007, "Message filtered"})
		about := calls
		if f.code > 20_000 {
			about = messages
		}
		level := pick(r, "ERROR", "ERROR", "ERROR", "WARNING", "WARNING", "NOTICE", "DEBUG")
		raised := of.when(r)
		code := strconv.Itoa(f.code)
		t.add(sid(r, "NO"), a.SID, level, code, f.words, "https://www.twilio.com/docs/errors/"+code,
			pick(r, about.values...)[0], maybe(r, 20, sid(r, "MG")), maybe(r, 70, pick(r, "POST", "GET")),
			at(raised), at(raised.Add(time.Second)), at(raised.Add(time.Second)))
	}
	return t
}
