package store

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func phoneNumberTable() table[model.PhoneNumber] {
	type object = model.PhoneNumber
	return table[object]{
		name: "phone_numbers", typeName: "PhoneNumber", account: "account_sid",
		identity: func(n *object) (id, sid *string) { return &n.ID, &n.Sid },
		order:    []key{{column: "sid", kind: text}},
		columns: []column[object]{
			{"phoneNumber", "phone_number", func(n *object) any { return &n.PhoneNumber }},
			{"friendlyName", "friendly_name", func(n *object) any { return &n.FriendlyName }},
			{"capabilities", "voice_capable", func(n *object) any { return (*flag)(&n.Capabilities.Voice) }},
			{"capabilities", "sms_capable", func(n *object) any { return (*flag)(&n.Capabilities.Sms) }},
			{"capabilities", "mms_capable", func(n *object) any { return (*flag)(&n.Capabilities.Mms) }},
			{"capabilities", "fax_capable", func(n *object) any { return (*flag)(&n.Capabilities.Fax) }},
			{"origin", "origin", func(n *object) any { return &n.Origin }},
			{"status", "status", func(n *object) any { return &n.Status }},
			{"beta", "beta", func(n *object) any { return (*flag)(&n.Beta) }},
			{"addressRequirements", "address_requirements", func(n *object) any { return (*string)(&n.AddressRequirements) }},
			{"addressSid", "address_sid", func(n *object) any { return textOrNull[string]{&n.AddressSid} }},
			{"bundleSid", "bundle_sid", func(n *object) any { return textOrNull[string]{&n.BundleSid} }},
			{"voiceApplicationSid", "voice_application_sid", func(n *object) any { return textOrNull[string]{&n.VoiceApplicationSid} }},
			{"voiceCallerIdLookup", "voice_caller_id_lookup", func(n *object) any { return (*flag)(&n.VoiceCallerIDLookup) }},
			{"voiceUrl", "voice_url", func(n *object) any { return textOrNull[string]{&n.VoiceURL} }},
			{"voiceMethod", "voice_method", func(n *object) any { return textOrNull[model.HTTPMethod]{&n.VoiceMethod} }},
			{"voiceFallbackUrl", "voice_fallback_url", func(n *object) any { return textOrNull[string]{&n.VoiceFallbackURL} }},
			{"voiceFallbackMethod", "voice_fallback_method", func(n *object) any { return textOrNull[model.HTTPMethod]{&n.VoiceFallbackMethod} }},
			{"smsApplicationSid", "sms_application_sid", func(n *object) any { return textOrNull[string]{&n.SmsApplicationSid} }},
			{"smsUrl", "sms_url", func(n *object) any { return textOrNull[string]{&n.SmsURL} }},
			{"smsMethod", "sms_method", func(n *object) any { return textOrNull[model.HTTPMethod]{&n.SmsMethod} }},
			{"smsFallbackUrl", "sms_fallback_url", func(n *object) any { return textOrNull[string]{&n.SmsFallbackURL} }},
			{"smsFallbackMethod", "sms_fallback_method", func(n *object) any { return textOrNull[model.HTTPMethod]{&n.SmsFallbackMethod} }},
			{"statusCallback", "status_callback", func(n *object) any { return textOrNull[string]{&n.StatusCallback} }},
			{"statusCallbackMethod", "status_callback_method", func(n *object) any { return textOrNull[model.HTTPMethod]{&n.StatusCallbackMethod} }},
			{"trunkSid", "trunk_sid", func(n *object) any { return textOrNull[string]{&n.TrunkSid} }},
			{"dateCreated", "date_created", func(n *object) any { return (*instant)(&n.DateCreated) }},
			{"dateUpdated", "date_updated", func(n *object) any { return (*instant)(&n.DateUpdated) }},
		},
	}
}

// PhoneNumbers lists the account's numbers in the order of their SIDs.
func (s *Store) PhoneNumbers(
	ctx context.Context, scope upstream.Scope, f upstream.PhoneNumberFilter, p upstream.Page,
) (upstream.List[model.PhoneNumber], error) {
	return list(ctx, s, &s.phoneNumbers, scope, p,
		equal("phone_number", f.PhoneNumber), equal("friendly_name", f.FriendlyName), equal("origin", f.Origin))
}

// PhoneNumber reads one of the account's numbers.
func (s *Store) PhoneNumber(ctx context.Context, scope upstream.Scope, sid string) (*model.PhoneNumber, error) {
	return get(ctx, s, &s.phoneNumbers, scope, sid)
}
