package store

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func alertTable() table[model.Alert] {
	type object = model.Alert
	return table[object]{
		name: "alerts", typeName: "Alert", account: "account_sid",
		identity: func(a *object) (id, sid *string) { return &a.ID, &a.Sid },
		order:    newestFirst("date_generated"),
		columns: []column[object]{
			{"logLevel", "log_level", func(a *object) any { return (*string)(&a.LogLevel) }},
			{"errorCode", "error_code", func(a *object) any { return &a.ErrorCode }},
			{"alertText", "alert_text", func(a *object) any { return &a.AlertText }},
			{"moreInfo", "more_info", func(a *object) any { return textOrNull[string]{&a.MoreInfo} }},
			{"resourceSid", "resource_sid", func(a *object) any { return textOrNull[string]{&a.ResourceSid} }},
			{"serviceSid", "service_sid", func(a *object) any { return textOrNull[string]{&a.ServiceSid} }},
			{"requestMethod", "request_method", func(a *object) any { return textOrNull[model.HTTPMethod]{&a.RequestMethod} }},
			{"requestUrl", "request_url", func(a *object) any { return textOrNull[string]{&a.RequestURL} }},
			{"requestVariables", "request_variables", func(a *object) any { return textOrNull[string]{&a.RequestVariables} }},
			{"requestHeaders", "request_headers", func(a *object) any { return textOrNull[string]{&a.RequestHeaders} }},
			{"responseHeaders", "response_headers", func(a *object) any { return textOrNull[string]{&a.ResponseHeaders} }},
			{"responseBody", "response_body", func(a *object) any { return textOrNull[string]{&a.ResponseBody} }},
			{"dateGenerated", "date_generated", func(a *object) any { return (*instant)(&a.DateGenerated) }},
			{"dateCreated", "date_created", func(a *object) any { return (*instant)(&a.DateCreated) }},
			{"dateUpdated", "date_updated", func(a *object) any { return (*instant)(&a.DateUpdated) }},
		},
	}
}

// Alerts lists the account's alerts, newest first.
func (s *Store) Alerts(
	ctx context.Context, scope upstream.Scope, f upstream.AlertFilter, p upstream.Page,
) (upstream.List[model.Alert], error) {
	return list(ctx, s, &s.alerts, scope, p,
		equal("sid", f.Sid), notBefore("date_generated", f.DateGeneratedAfter), before("date_generated", f.DateGeneratedBefore),
		equal("log_level", f.LogLevel), equal("error_code", f.ErrorCode))
}

// Alert reads one of the account's alerts.
func (s *Store) Alert(ctx context.Context, scope upstream.Scope, sid string) (*model.Alert, error) {
	return get(ctx, s, &s.alerts, scope, sid)
}
