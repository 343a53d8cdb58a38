package demo

import (
	"net/url"
	"strconv"
	"time"
)

// alertRows makes alerts about calls and messages of the account.
func alertRows(of traffic, count int, calls, messages rows) rows {
	r, a := of.r, of.account
	t := rows{table: "alerts", columns: []string{
		"sid", "account_sid", "log_level", "error_code", "alert_text", "more_info", "resource_sid", "service_sid",
		"date_generated", "date_created", "date_updated",
		"request_method", "request_url", "request_variables", "request_headers", "response_headers", "response_body",
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
		resource := pick(r, about.values...)[0].(string)
		alert := []any{
			sid(r, "NO"), a.SID, level, code, f.words, "https://www.twilio.com/docs/errors/" + code,
			resource, maybe(r, 20, sid(r, "MG")), at(raised), at(raised.Add(time.Second)), at(raised.Add(time.Second)),
		}
		t.add(append(alert, exchange(of, resource)...)...)
	}
	return t
}

// exchange is what a webhook was sent about a call or a message, and what it answered; nothing where none was called.
func exchange(of traffic, resource string) []any {
	r := of.r
	method := pick(r, "POST", "GET")
	if r.IntN(100) >= 70 {
		return make([]any, 6)
	}
	variables := url.Values{"AccountSid": {of.account.SID}, "To": {pick(r, of.numbers...).number}}
	kind := "voice"
	if resource[:2] == "CA" {
		variables.Set("CallSid", resource)
	} else {
		kind = "sms"
		variables.Set("MessageSid", resource)
		variables.Set("Body", pick(r, "My number is 4071, please ring twice", "Where is my parcel?", "Leave it at the back door"))
	}
	headers := url.Values{"Content-Type": {"application/x-www-form-urlencoded"}, "Authorization": {"Basic d2FyZWhvdXNlOmRlbW8="}}
	answer := url.Values{"Content-Type": {"text/html"}, "Set-Cookie": {"session=demo; Secure"}}
	return []any{
		method, webhookURL(pick(r, teams...), of.account, kind), variables.Encode(), headers.Encode(),
		answer.Encode(), "<h1>502 Bad Gateway</h1>",
	}
}
