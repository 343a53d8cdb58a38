package demo

import (
	"fmt"
	"time"
)

func flexConfigurationRows(a Account, today time.Time) rows {
	r := stream(a.Name + "/Flex")
	t := rows{table: "flex_configurations", columns: []string{
		"account_sid", "status", "flex_instance_sid", "taskrouter_workspace_sid", "runtime_domain", "ui_version", "ui_language",
		"call_recording_enabled", "call_recording_webhook_url", "crm_enabled", "crm_callback_url", "crm_fallback_url",
		"plugin_service_enabled", "date_created", "date_updated",
	}}
	t.add(a.SID, "OK", sid(r, "GO"), sid(r, "WS"), "flex."+a.domain, "~2.9.0", "en-US",
		true, webhook(r, 100, a, "recordings")[0], true, webhook(r, 100, a, "crm")[0], webhook(r, 100, a, "crm-fallback")[0],
		true, at(opened(today)), at(today.AddDate(0, -2, 0)))
	return t
}

func workerRows(a Account, count int, today time.Time) rows {
	r := stream(a.Name + "/workers")
	t := rows{table: "workers", columns: []string{
		"sid", "account_sid", "friendly_name", "activity_name", "available", "date_status_changed", "date_created", "date_updated",
	}}
	for i := range count {
		name := fmt.Sprintf("%s.%d@%s", pick(r, "amara", "bjorn", "chen", "dolores", "emeka", "farah"), i+1, a.domain)
		activity := pick(r, "Available", "Available", "Break", "Offline")
		made, changed := lifetime(r, today)
		t.add(sid(r, "WK"), a.SID, name, activity, activity == "Available", changed, made, changed)
	}
	return t
}

func taskQueueRows(a Account, count int, today time.Time) rows {
	r := stream(a.Name + "/task queues")
	t := rows{table: "task_queues", columns: []string{
		"sid", "account_sid", "friendly_name", "target_workers", "max_reserved_workers", "task_order", "date_created", "date_updated",
	}}
	for i := range count {
		name := []string{"Everyone", "Dispatch", "Returns", "Customer care", "Night desk"}[i%5]
		target := "1==1"
		if i > 0 {
			target = fmt.Sprintf("routing.skills HAS %q", name)
		}
		made, changed := lifetime(r, today)
		t.add(sid(r, "WQ"), a.SID, fmt.Sprintf("%s %d", name, i+1), target, 1+r.IntN(5), pick(r, "FIFO", "FIFO", "LIFO"), made, changed)
	}
	return t
}
