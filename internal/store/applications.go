package store

import (
	"context"
	"database/sql"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func applicationTable() table[model.Application] {
	type object = model.Application
	return table[object]{
		name: "applications", typeName: "Application", account: "account_sid",
		identity: func(a *object) (id, sid *string) { return &a.ID, &a.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"friendlyName", "friendly_name", func(a *object) any { return &a.FriendlyName }},
			{"voiceUrl", "voice_url", func(a *object) any { return textOrNull[string]{&a.VoiceURL} }},
			{"voiceMethod", "voice_method", func(a *object) any { return (*string)(&a.VoiceMethod) }},
			{"voiceFallbackUrl", "voice_fallback_url", func(a *object) any { return textOrNull[string]{&a.VoiceFallbackURL} }},
			{"voiceFallbackMethod", "voice_fallback_method", func(a *object) any { return (*string)(&a.VoiceFallbackMethod) }},
			{"statusCallback", "status_callback", func(a *object) any { return textOrNull[string]{&a.StatusCallback} }},
			{"statusCallbackMethod", "status_callback_method", func(a *object) any { return (*string)(&a.StatusCallbackMethod) }},
			{"voiceCallerIdLookup", "voice_caller_id_lookup", func(a *object) any { return (*flag)(&a.VoiceCallerIDLookup) }},
			{"smsUrl", "sms_url", func(a *object) any { return textOrNull[string]{&a.SmsURL} }},
			{"smsMethod", "sms_method", func(a *object) any { return (*string)(&a.SmsMethod) }},
			{"smsFallbackUrl", "sms_fallback_url", func(a *object) any { return textOrNull[string]{&a.SmsFallbackURL} }},
			{"smsFallbackMethod", "sms_fallback_method", func(a *object) any { return (*string)(&a.SmsFallbackMethod) }},
			{"smsStatusCallback", "sms_status_callback", func(a *object) any { return textOrNull[string]{&a.SmsStatusCallback} }},
			{"messageStatusCallback", "message_status_callback", func(a *object) any { return textOrNull[string]{&a.MessageStatusCallback} }},
			{"publicApplicationConnectEnabled", "public_application_connect_enabled", func(a *object) any { return (*flag)(&a.PublicApplicationConnectEnabled) }},
			{"dateCreated", "date_created", func(a *object) any { return (*instant)(&a.DateCreated) }},
			{"dateUpdated", "date_updated", func(a *object) any { return (*instant)(&a.DateUpdated) }},
		},
	}
}

// Applications lists the account's TwiML applications, newest first.
func (s *Store) Applications(
	ctx context.Context, scope upstream.Scope, f upstream.ApplicationFilter, p upstream.Page,
) (upstream.List[model.Application], error) {
	return list(ctx, s, &s.applications, scope, p, equal("friendly_name", f.FriendlyName))
}

// Application reads one of the account's TwiML applications.
func (s *Store) Application(ctx context.Context, scope upstream.Scope, sid string) (*model.Application, error) {
	return get(ctx, s, &s.applications, scope, sid)
}

// CreateApplication makes a TwiML application. What cannot be a name, or the address of a webhook, is BAD_USER_INPUT.
func (s *Store) CreateApplication(ctx context.Context, c upstream.Change, n model.CreateApplicationInput) (upstream.Made[model.Application], error) {
	return create(ctx, s, c, &s.applications, creation{prefix: "AP", key: n.IdempotencyKey, input: n, columns: func(*sql.Tx) (columns, error) {
		return applicationColumns(model.UpdateApplicationInput{
			FriendlyName: given(n.FriendlyName),
			VoiceURL:     n.VoiceURL, VoiceMethod: n.VoiceMethod, VoiceFallbackURL: n.VoiceFallbackURL, VoiceFallbackMethod: n.VoiceFallbackMethod,
			StatusCallback: n.StatusCallback, StatusCallbackMethod: n.StatusCallbackMethod, VoiceCallerIDLookup: n.VoiceCallerIDLookup,
			SmsURL: n.SmsURL, SmsMethod: n.SmsMethod, SmsFallbackURL: n.SmsFallbackURL, SmsFallbackMethod: n.SmsFallbackMethod,
			SmsStatusCallback: n.SmsStatusCallback, MessageStatusCallback: n.MessageStatusCallback,
			PublicApplicationConnectEnabled: n.PublicApplicationConnectEnabled,
		})
	}})
}

// UpdateApplication changes one of the account's TwiML applications. What cannot be a name, or the address of a webhook,
// is BAD_USER_INPUT.
func (s *Store) UpdateApplication(ctx context.Context, c upstream.Change, sid string, n model.UpdateApplicationInput) (*model.Application, error) {
	return update(ctx, s, c, &s.applications, sid, func(*sql.Tx) (columns, error) { return applicationColumns(n) })
}

// applicationColumns reads what an application is given. What is silent about a new one is left to the table's defaults.
func applicationColumns(n model.UpdateApplicationInput) (columns, error) {
	var in input
	in.textIf("friendlyName", "friendly_name", n.FriendlyName, check.Name)
	in.textOrNull("voiceUrl", "voice_url", n.VoiceURL, check.URL)
	enumIf(&in, "voiceMethod", "voice_method", n.VoiceMethod)
	in.textOrNull("voiceFallbackUrl", "voice_fallback_url", n.VoiceFallbackURL, check.URL)
	enumIf(&in, "voiceFallbackMethod", "voice_fallback_method", n.VoiceFallbackMethod)
	in.textOrNull("statusCallback", "status_callback", n.StatusCallback, check.URL)
	enumIf(&in, "statusCallbackMethod", "status_callback_method", n.StatusCallbackMethod)
	in.flagIf("voiceCallerIdLookup", "voice_caller_id_lookup", n.VoiceCallerIDLookup)
	in.textOrNull("smsUrl", "sms_url", n.SmsURL, check.URL)
	enumIf(&in, "smsMethod", "sms_method", n.SmsMethod)
	in.textOrNull("smsFallbackUrl", "sms_fallback_url", n.SmsFallbackURL, check.URL)
	enumIf(&in, "smsFallbackMethod", "sms_fallback_method", n.SmsFallbackMethod)
	in.textOrNull("smsStatusCallback", "sms_status_callback", n.SmsStatusCallback, check.URL)
	in.textOrNull("messageStatusCallback", "message_status_callback", n.MessageStatusCallback, check.URL)
	in.flagIf("publicApplicationConnectEnabled", "public_application_connect_enabled", n.PublicApplicationConnectEnabled)
	return in.done()
}

// DeleteApplication deletes one of the account's TwiML applications, and takes it from the phone numbers that it answers for.
func (s *Store) DeleteApplication(ctx context.Context, c upstream.Change, sid string) error {
	return remove(ctx, s, c, &s.applications, sid, func(tx *sql.Tx) error {
		for _, column := range []string{"voice_application_sid", "sms_application_sid"} {
			st := new(statement)
			st.write("UPDATE phone_numbers SET ", column, " = NULL, date_updated = ", st.arg(micros(s.now())),
				" WHERE account_sid = ", st.arg(c.Account()), " AND ", column, " = ", st.arg(sid))
			if _, err := s.exec(ctx, tx, st); err != nil {
				return failed(ctx, "taking an application from phone numbers", err)
			}
		}
		return nil
	})
}
