package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/problem"
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

// BuyPhoneNumber makes a number that is available the account's, and configures it. It is a CONFLICT for one that is
// not available, and BAD_USER_INPUT for a configuration that cannot be.
func (s *Store) BuyPhoneNumber(ctx context.Context, c upstream.Change, n model.BuyPhoneNumberInput) (upstream.Made[model.PhoneNumber], error) {
	return create(ctx, s, c, &s.phoneNumbers, creation{
		prefix: "PN", key: n.IdempotencyKey, input: n,
		columns: func(tx *sql.Tx) (columns, error) { return s.buy(ctx, tx, c, n) },
	})
}

// UpdatePhoneNumber configures one of the account's numbers. A configuration that cannot be is BAD_USER_INPUT.
func (s *Store) UpdatePhoneNumber(ctx context.Context, c upstream.Change, sid string, n model.UpdatePhoneNumberInput) (*model.PhoneNumber, error) {
	return update(ctx, s, c, &s.phoneNumbers, sid, func(tx *sql.Tx) (columns, error) {
		var in input
		in.configure(n)
		in.must(s.applicationsOf(ctx, tx, c, n))
		return in.done()
	})
}

// ReleasePhoneNumber gives one of the account's numbers up, and lets anyone buy it if it was bought.
func (s *Store) ReleasePhoneNumber(ctx context.Context, c upstream.Change, sid string) error {
	return s.change(ctx, c, func(tx *sql.Tx) (audit.Change, error) {
		st := new(statement)
		st.write("DELETE FROM phone_numbers WHERE account_sid = ", st.arg(c.Account()), " AND sid = ", st.arg(sid), " RETURNING phone_number")
		var number string
		switch err := s.scanOne(ctx, tx, st, &number); {
		case errors.Is(err, sql.ErrNoRows):
			return audit.Change{}, problem.Missing()
		case err != nil:
			return audit.Change{}, failed(ctx, "releasing a phone number", err)
		}
		return audit.Change{Type: s.phoneNumbers.typeName, SID: sid}, s.putBack(ctx, tx, number)
	})
}

// applicationsOf says by NOT_FOUND that the account has no such application as a number is to name. None is deleted
// while this lasts.
func (s *Store) applicationsOf(ctx context.Context, tx *sql.Tx, c upstream.Change, n model.UpdatePhoneNumberInput) error {
	for _, given := range []*string{n.VoiceApplicationSid.Value(), n.SmsApplicationSid.Value()} {
		if given == nil {
			continue
		}
		if err := s.has(ctx, tx, s.applications.name, s.applications.account, c.Account(), *given); err != nil {
			return err
		}
	}
	return nil
}

// configure reads how a number is configured. Whether an address, a bundle or a trunk is there is the platform's to know:
// their SIDs are checked for their form.
func (in *input) configure(n model.UpdatePhoneNumberInput) {
	in.textIf("friendlyName", "friendly_name", n.FriendlyName, check.Name)
	in.textOrNull("addressSid", "address_sid", n.AddressSid, check.SID("AD"))
	in.textOrNull("bundleSid", "bundle_sid", n.BundleSid, check.SID("BU"))
	in.textOrNull("voiceApplicationSid", "voice_application_sid", n.VoiceApplicationSid, check.SID("AP"))
	in.flagIf("voiceCallerIdLookup", "voice_caller_id_lookup", n.VoiceCallerIDLookup)
	in.textOrNull("voiceUrl", "voice_url", n.VoiceURL, check.URL)
	enumOrNull(in, "voiceMethod", "voice_method", n.VoiceMethod)
	in.textOrNull("voiceFallbackUrl", "voice_fallback_url", n.VoiceFallbackURL, check.URL)
	enumOrNull(in, "voiceFallbackMethod", "voice_fallback_method", n.VoiceFallbackMethod)
	in.textOrNull("smsApplicationSid", "sms_application_sid", n.SmsApplicationSid, check.SID("AP"))
	in.textOrNull("smsUrl", "sms_url", n.SmsURL, check.URL)
	enumOrNull(in, "smsMethod", "sms_method", n.SmsMethod)
	in.textOrNull("smsFallbackUrl", "sms_fallback_url", n.SmsFallbackURL, check.URL)
	enumOrNull(in, "smsFallbackMethod", "sms_fallback_method", n.SmsFallbackMethod)
	in.textOrNull("statusCallback", "status_callback", n.StatusCallback, check.URL)
	enumOrNull(in, "statusCallbackMethod", "status_callback_method", n.StatusCallbackMethod)
	in.textOrNull("trunkSid", "trunk_sid", n.TrunkSid, check.SID("TK"))
}

// configurationOf is how a number is configured that is bought.
func configurationOf(n model.BuyPhoneNumberInput) model.UpdatePhoneNumberInput {
	return model.UpdatePhoneNumberInput{
		FriendlyName: n.FriendlyName, AddressSid: n.AddressSid, BundleSid: n.BundleSid, TrunkSid: n.TrunkSid,
		VoiceApplicationSid: n.VoiceApplicationSid, VoiceCallerIDLookup: n.VoiceCallerIDLookup,
		VoiceURL: n.VoiceURL, VoiceMethod: n.VoiceMethod, VoiceFallbackURL: n.VoiceFallbackURL, VoiceFallbackMethod: n.VoiceFallbackMethod,
		SmsApplicationSid: n.SmsApplicationSid,
		SmsURL:            n.SmsURL, SmsMethod: n.SmsMethod, SmsFallbackURL: n.SmsFallbackURL, SmsFallbackMethod: n.SmsFallbackMethod,
		StatusCallback: n.StatusCallback, StatusCallbackMethod: n.StatusCallbackMethod,
	}
}
