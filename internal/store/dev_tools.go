package store

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func studioFlowTable() table[model.StudioFlow] {
	type object = model.StudioFlow
	return table[object]{
		name: "studio_flows", typeName: "StudioFlow", account: "account_sid",
		identity: func(f *object) (id, sid *string) { return &f.ID, &f.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"friendlyName", "friendly_name", func(f *object) any { return &f.FriendlyName }},
			{"status", "status", func(f *object) any { return (*string)(&f.Status) }},
			{"revision", "revision", func(f *object) any { return (*number)(&f.Revision) }},
			{"commitMessage", "commit_message", func(f *object) any { return textOrNull[string]{&f.CommitMessage} }},
			{"valid", "valid", func(f *object) any { return (*flag)(&f.Valid) }},
			{"webhookUrl", "webhook_url", func(f *object) any { return &f.WebhookURL }},
			{"dateCreated", "date_created", func(f *object) any { return (*instant)(&f.DateCreated) }},
			{"dateUpdated", "date_updated", func(f *object) any { return (*instant)(&f.DateUpdated) }},
		},
	}
}

// StudioFlows lists the account's flows, newest first.
func (s *Store) StudioFlows(
	ctx context.Context, scope upstream.Scope, f upstream.StudioFlowFilter, p upstream.Page,
) (upstream.List[model.StudioFlow], error) {
	return list(ctx, s, &s.studioFlows, scope, p, equal("status", f.Status))
}

// StudioFlow reads one of the account's flows.
func (s *Store) StudioFlow(ctx context.Context, scope upstream.Scope, sid string) (*model.StudioFlow, error) {
	return get(ctx, s, &s.studioFlows, scope, sid)
}

func functionServiceTable() table[model.FunctionService] {
	type object = model.FunctionService
	return table[object]{
		name: "function_services", typeName: "FunctionService", account: "account_sid",
		identity: func(f *object) (id, sid *string) { return &f.ID, &f.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"uniqueName", "unique_name", func(f *object) any { return &f.UniqueName }},
			{"friendlyName", "friendly_name", func(f *object) any { return &f.FriendlyName }},
			{"includeCredentials", "include_credentials", func(f *object) any { return (*flag)(&f.IncludeCredentials) }},
			{"uiEditable", "ui_editable", func(f *object) any { return (*flag)(&f.UIEditable) }},
			{"domainBase", "domain_base", func(f *object) any { return &f.DomainBase }},
			{"dateCreated", "date_created", func(f *object) any { return (*instant)(&f.DateCreated) }},
			{"dateUpdated", "date_updated", func(f *object) any { return (*instant)(&f.DateUpdated) }},
		},
	}
}

// FunctionServices lists the account's services of Functions, newest first.
func (s *Store) FunctionServices(ctx context.Context, scope upstream.Scope, p upstream.Page) (upstream.List[model.FunctionService], error) {
	return list(ctx, s, &s.functionServices, scope, p)
}

// FunctionService reads one of the account's services of Functions.
func (s *Store) FunctionService(ctx context.Context, scope upstream.Scope, sid string) (*model.FunctionService, error) {
	return get(ctx, s, &s.functionServices, scope, sid)
}

func functionTable() table[model.Function] {
	type object = model.Function
	return table[object]{
		name: "functions", typeName: "Function", account: "account_sid",
		identity: func(f *object) (id, sid *string) { return &f.ID, &f.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"serviceSid", "service_sid", func(f *object) any { return &f.ServiceSid }},
			{"friendlyName", "friendly_name", func(f *object) any { return &f.FriendlyName }},
			{"path", "path", func(f *object) any { return &f.Path }},
			{"visibility", "visibility", func(f *object) any { return (*string)(&f.Visibility) }},
			{"dateCreated", "date_created", func(f *object) any { return (*instant)(&f.DateCreated) }},
			{"dateUpdated", "date_updated", func(f *object) any { return (*instant)(&f.DateUpdated) }},
		},
	}
}

// Functions lists the account's Functions, newest first.
func (s *Store) Functions(
	ctx context.Context, scope upstream.Scope, f upstream.FunctionFilter, p upstream.Page,
) (upstream.List[model.Function], error) {
	return list(ctx, s, &s.functions, scope, p, equal("service_sid", f.ServiceSID))
}

// Function reads one of the account's Functions.
func (s *Store) Function(ctx context.Context, scope upstream.Scope, sid string) (*model.Function, error) {
	return get(ctx, s, &s.functions, scope, sid)
}
