package store

import (
	"context"
	"database/sql"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func flexConfigurationTable() table[model.FlexConfiguration] {
	type object = model.FlexConfiguration
	return table[object]{
		name: "flex_configurations", typeName: "FlexConfiguration", account: "account_sid",
		order: []key{{column: "account_sid", kind: text}},
		columns: []column[object]{
			{"status", "status", func(f *object) any { return (*string)(&f.Status) }},
			{"flexInstanceSid", "flex_instance_sid", func(f *object) any { return textOrNull[string]{&f.FlexInstanceSid} }},
			{"taskrouterWorkspaceSid", "taskrouter_workspace_sid", func(f *object) any { return textOrNull[string]{&f.TaskrouterWorkspaceSid} }},
			{"runtimeDomain", "runtime_domain", func(f *object) any { return textOrNull[string]{&f.RuntimeDomain} }},
			{"uiVersion", "ui_version", func(f *object) any { return textOrNull[string]{&f.UIVersion} }},
			{"uiLanguage", "ui_language", func(f *object) any { return textOrNull[string]{&f.UILanguage} }},
			{"callRecordingEnabled", "call_recording_enabled", func(f *object) any { return (*flag)(&f.CallRecordingEnabled) }},
			{"callRecordingWebhookUrl", "call_recording_webhook_url", func(f *object) any { return textOrNull[string]{&f.CallRecordingWebhookURL} }},
			{"crmEnabled", "crm_enabled", func(f *object) any { return (*flag)(&f.CrmEnabled) }},
			{"crmCallbackUrl", "crm_callback_url", func(f *object) any { return textOrNull[string]{&f.CrmCallbackURL} }},
			{"crmFallbackUrl", "crm_fallback_url", func(f *object) any { return textOrNull[string]{&f.CrmFallbackURL} }},
			{"pluginServiceEnabled", "plugin_service_enabled", func(f *object) any { return (*flag)(&f.PluginServiceEnabled) }},
			{"dateCreated", "date_created", func(f *object) any { return (*instant)(&f.DateCreated) }},
			{"dateUpdated", "date_updated", func(f *object) any { return (*instant)(&f.DateUpdated) }},
		},
	}
}

// FlexConfiguration reads how the account's contact center is set up.
func (s *Store) FlexConfiguration(ctx context.Context, scope upstream.Scope) (*model.FlexConfiguration, error) {
	return only(ctx, s, s.db, &s.flexConfigurations, scope)
}

// UpdateFlexConfiguration changes how the account's contact center is set up. A text of more than 64 characters, and what
// cannot be the address of a webhook, is BAD_USER_INPUT.
func (s *Store) UpdateFlexConfiguration(
	ctx context.Context, c upstream.Change, n model.UpdateFlexConfigurationInput,
) (*model.FlexConfiguration, error) {
	return updateOnly(ctx, s, c, &s.flexConfigurations, func(*sql.Tx) (columns, error) {
		var in input
		in.textOrNull("uiVersion", "ui_version", n.UIVersion, check.Name)
		in.textOrNull("uiLanguage", "ui_language", n.UILanguage, check.Name)
		in.flagIf("callRecordingEnabled", "call_recording_enabled", n.CallRecordingEnabled)
		in.textOrNull("callRecordingWebhookUrl", "call_recording_webhook_url", n.CallRecordingWebhookURL, check.URL)
		in.flagIf("crmEnabled", "crm_enabled", n.CrmEnabled)
		in.textOrNull("crmCallbackUrl", "crm_callback_url", n.CrmCallbackURL, check.URL)
		in.textOrNull("crmFallbackUrl", "crm_fallback_url", n.CrmFallbackURL, check.URL)
		in.flagIf("pluginServiceEnabled", "plugin_service_enabled", n.PluginServiceEnabled)
		return in.done()
	})
}

// newFlexConfiguration is that of a new account, in which nobody has begun to set Flex up.
func newFlexConfiguration(account string, now int64) *statement {
	st := new(statement)
	st.write("INSERT INTO flex_configurations (account_sid, date_created, date_updated) VALUES (",
		st.arg(account), ", ", st.arg(now), ", ", st.arg(now), ")")
	return st
}

func workerTable() table[model.Worker] {
	type object = model.Worker
	return table[object]{
		name: "workers", typeName: "Worker", account: "account_sid",
		identity: func(w *object) (id, sid *string) { return &w.ID, &w.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"friendlyName", "friendly_name", func(w *object) any { return &w.FriendlyName }},
			{"activityName", "activity_name", func(w *object) any { return &w.ActivityName }},
			{"available", "available", func(w *object) any { return (*flag)(&w.Available) }},
			{"dateStatusChanged", "date_status_changed", func(w *object) any { return (*instant)(&w.DateStatusChanged) }},
			{"dateCreated", "date_created", func(w *object) any { return (*instant)(&w.DateCreated) }},
			{"dateUpdated", "date_updated", func(w *object) any { return (*instant)(&w.DateUpdated) }},
		},
	}
}

// Workers lists who works in the account's contact center, newest first.
func (s *Store) Workers(
	ctx context.Context, scope upstream.Scope, f upstream.WorkerFilter, p upstream.Page,
) (upstream.List[model.Worker], error) {
	return list(ctx, s, &s.workers, scope, p, is("available", f.Available), equal("activity_name", f.ActivityName))
}

// Worker reads one of those who work in the account's contact center.
func (s *Store) Worker(ctx context.Context, scope upstream.Scope, sid string) (*model.Worker, error) {
	return get(ctx, s, &s.workers, scope, sid)
}

func taskQueueTable() table[model.TaskQueue] {
	type object = model.TaskQueue
	return table[object]{
		name: "task_queues", typeName: "TaskQueue", account: "account_sid",
		identity: func(q *object) (id, sid *string) { return &q.ID, &q.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"friendlyName", "friendly_name", func(q *object) any { return &q.FriendlyName }},
			{"targetWorkers", "target_workers", func(q *object) any { return &q.TargetWorkers }},
			{"maxReservedWorkers", "max_reserved_workers", func(q *object) any { return (*number)(&q.MaxReservedWorkers) }},
			{"taskOrder", "task_order", func(q *object) any { return (*string)(&q.TaskOrder) }},
			{"dateCreated", "date_created", func(q *object) any { return (*instant)(&q.DateCreated) }},
			{"dateUpdated", "date_updated", func(q *object) any { return (*instant)(&q.DateUpdated) }},
		},
	}
}

// TaskQueues lists the queues of the account's contact center, newest first.
func (s *Store) TaskQueues(ctx context.Context, scope upstream.Scope, p upstream.Page) (upstream.List[model.TaskQueue], error) {
	return list(ctx, s, &s.taskQueues, scope, p)
}

// TaskQueue reads one of the queues of the account's contact center.
func (s *Store) TaskQueue(ctx context.Context, scope upstream.Scope, sid string) (*model.TaskQueue, error) {
	return get(ctx, s, &s.taskQueues, scope, sid)
}
