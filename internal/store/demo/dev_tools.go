package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

func applicationRows(a Account, count int, today time.Time) rows {
	r := stream(a.Name + "/applications")
	t := rows{table: "applications", columns: []string{
		"sid", "account_sid", "friendly_name", "voice_url", "voice_method", "voice_fallback_url", "voice_fallback_method",
		"status_callback", "status_callback_method", "voice_caller_id_lookup", "sms_url", "sms_method", "sms_fallback_url",
		"sms_fallback_method", "sms_status_callback", "message_status_callback", "public_application_connect_enabled",
		"date_created", "date_updated",
	}}
	address := func(percent int, what string) any { return webhook(r, percent, a, what)[0] }
	method := func() string { return pick(r, "POST", "POST", "GET") }
	for i := range count {
		name := fmt.Sprintf("%s %d", pick(r, "Driver app calls", "Dispatch desk", "Delivery notices", "Browser phone"), i+1)
		made, changed := lifetime(r, today)
		t.add(sid(r, "AP"), a.SID, name, address(90, "voice"), method(), address(40, "voice-fallback"), method(),
			address(60, "status"), method(), i%5 == 0, address(80, "sms"), method(), address(30, "sms-fallback"), method(),
			address(40, "sms-status"), address(40, "message-status"), i%4 == 1, made, changed)
	}
	return t
}

func studioFlowRows(a Account, count int, today time.Time) rows {
	r := stream(a.Name + "/flows")
	t := rows{table: "studio_flows", columns: []string{
		"sid", "account_sid", "friendly_name", "status", "revision", "commit_message", "valid", "webhook_url", "date_created", "date_updated",
	}}
	for i := range count {
		name := fmt.Sprintf("%s %d", pick(r, "Phone menu", "Missed delivery", "Customer survey", "Driver onboarding"), i+1)
		made, changed := lifetime(r, today)
		said := maybe(r, 70, pick(r, "Ask for the parcel's number first", "Say the opening hours", "Pass the call on after three tries"))
		t.add(sid(r, "FW"), a.SID, name, pick(r, "PUBLISHED", "PUBLISHED", "DRAFT"), 1+r.IntN(40), said, i%4 != 3,
			webhook(r, 100, a, "flow")[0], made, changed)
	}
	return t
}

// functionRows makes services of Functions, and the Functions that are in them.
func functionRows(a Account, count int, today time.Time) (services, functions rows) {
	r := stream(a.Name + "/Functions")
	services = rows{table: "function_services", columns: []string{
		"sid", "account_sid", "unique_name", "friendly_name", "include_credentials", "ui_editable", "domain_base", "date_created", "date_updated",
	}}
	functions = rows{table: "functions", columns: []string{
		"sid", "account_sid", "service_sid", "friendly_name", "path", "visibility", "date_created", "date_updated",
	}}
	for i := range count {
		service := sid(r, "ZS")
		name := fmt.Sprintf("%s %d", pick(r, "Tracking", "Returns", "Depots", "Routing"), i+1)
		unique := strings.ReplaceAll(strings.ToLower(name), " ", "-")
		made, changed := lifetime(r, today)
		services.add(service, a.SID, unique, name, i%3 != 2, i%2 == 0, fmt.Sprintf("%s-%04d", unique, r.IntN(10_000)), made, changed)
		for j, does := range []string{"Find parcel", "Choose depot", "Notify driver"}[:2+i%2] {
			path := "/" + strings.ReplaceAll(strings.ToLower(does), " ", "-")
			functions.add(sid(r, "ZH"), a.SID, service, does, path, []string{"PUBLIC", "PROTECTED", "PRIVATE"}[j], made, changed)
		}
	}
	return services, functions
}

// lifetime is when something was made, and when it was last changed.
func lifetime(r *rand.Rand, today time.Time) (made, changed int64) {
	since := today.Add(-time.Duration(1+r.IntN(2*365*24*60)) * time.Minute)
	return at(since), at(since.Add(time.Duration(r.Int64N(int64(today.Sub(since)))).Truncate(time.Second)))
}
