package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func availablePhoneNumberTable() table[model.AvailablePhoneNumber] {
	type object = model.AvailablePhoneNumber
	return table[object]{
		name: "available_phone_numbers", typeName: "AvailablePhoneNumber",
		order: []key{{column: "phone_number", kind: e164}},
		columns: []column[object]{
			{"phoneNumber", "phone_number", func(n *object) any { return &n.PhoneNumber }},
			{"friendlyName", "friendly_name", func(n *object) any { return &n.FriendlyName }},
			{"type", "type", func(n *object) any { return (*string)(&n.Type) }},
			{"isoCountry", "iso_country", func(n *object) any { return &n.IsoCountry }},
			{"locality", "locality", func(n *object) any { return textOrNull[string]{&n.Locality} }},
			{"region", "region", func(n *object) any { return textOrNull[string]{&n.Region} }},
			{"postalCode", "postal_code", func(n *object) any { return textOrNull[string]{&n.PostalCode} }},
			{"lata", "lata", func(n *object) any { return textOrNull[string]{&n.Lata} }},
			{"capabilities", "voice_capable", func(n *object) any { return (*flag)(&n.Capabilities.Voice) }},
			{"capabilities", "sms_capable", func(n *object) any { return (*flag)(&n.Capabilities.Sms) }},
			{"capabilities", "mms_capable", func(n *object) any { return (*flag)(&n.Capabilities.Mms) }},
			{"capabilities", "fax_capable", func(n *object) any { return (*flag)(&n.Capabilities.Fax) }},
			{"addressRequirements", "address_requirements", func(n *object) any { return (*string)(&n.AddressRequirements) }},
			{"beta", "beta", func(n *object) any { return (*flag)(&n.Beta) }},
		},
	}
}

// AvailablePhoneNumbers lists the numbers of a country that can be bought, in the order of the numbers. They are the
// same for every account. A pattern that is none is BAD_USER_INPUT.
func (s *Store) AvailablePhoneNumbers(
	ctx context.Context, scope upstream.Scope, f upstream.AvailablePhoneNumberFilter, p upstream.Page,
) (upstream.List[model.AvailablePhoneNumber], error) {
	if scope.Account() == "" {
		return upstream.List[model.AvailablePhoneNumber]{}, nil
	}
	contains, err := pattern(f.Contains)
	if err != nil {
		return upstream.List[model.AvailablePhoneNumber]{}, err
	}
	return listWhere(ctx, s, &s.availablePhoneNumbers, scope, p,
		func(st *statement) { st.write("available AND iso_country = ", st.arg(f.CountryCode)) },
		equal("type", f.Type), equal("area_code", f.AreaCode), contains, is("voice_capable", f.Voice),
		is("sms_capable", f.Sms), is("mms_capable", f.Mms), is("fax_capable", f.Fax))
}

// pattern is the filter for the numbers with these digits in them, as AvailablePhoneNumberFilter has them.
func pattern(contains *string) (filter, error) {
	if contains == nil {
		return nil, nil
	}
	if err := check.PhonePattern(*contains, "contains"); err != nil {
		return nil, err
	}
	like := "%" + strings.Map(onTelephone, *contains) + "%"
	return func(st *statement) { st.write(" AND phone_number LIKE ", st.arg(like)) }, nil
}

// onTelephone is what LIKE looks for: the digit on whose key a letter stands, and any character for a star.
func onTelephone(r rune) rune {
	switch {
	case r == '*':
		return '_'
	case r >= 'a' && r <= 'z':
		r -= 'a' - 'A'
	}
	if r >= 'A' && r <= 'Z' {
		return rune("22233344455566677778889999"[r-'A'])
	}
	return r
}

// buy takes a number out of what is available, and gives what an account keeps of it. Why it cannot be had is not
// told: it may be another account's.
func (s *Store) buy(ctx context.Context, tx *sql.Tx, c upstream.Change, n model.BuyPhoneNumberInput) (columns, error) {
	if err := check.E164(n.PhoneNumber, "input", "phoneNumber"); err != nil {
		return nil, err
	}
	st := new(statement)
	st.write("UPDATE available_phone_numbers SET available = FALSE WHERE available AND phone_number = ", st.arg(n.PhoneNumber),
		" RETURNING friendly_name, voice_capable, sms_capable, mms_capable, fax_capable, address_requirements, beta")
	var name, address string
	var voice, sms, mms, fax, beta flag
	err := s.scanOne(ctx, tx, st, &name, &voice, &sms, &mms, &fax, &address, &beta)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, problem.New(problem.Conflict, "This number is not available.")
	case err != nil:
		return nil, failed(ctx, "buying a phone number", err)
	}
	if address != string(model.AddressRequirementNone) && n.AddressSid.Value() == nil {
		return nil, problem.Input("This number needs an address on file.", "input", "addressSid")
	}
	if n.FriendlyName.Value() == nil {
		n.FriendlyName = given(name)
	}
	if n.VoiceCallerIDLookup.Value() == nil {
		n.VoiceCallerIDLookup = given(false)
	}
	var in input
	in.add("phoneNumber", "phone_number", n.PhoneNumber)
	in.add("capabilities", "voice_capable", bool(voice))
	in.add("capabilities", "sms_capable", bool(sms))
	in.add("capabilities", "mms_capable", bool(mms))
	in.add("capabilities", "fax_capable", bool(fax))
	in.add("origin", "origin", "twilio")
	in.add("status", "status", "in-use")
	in.add("beta", "beta", bool(beta))
	in.add("addressRequirements", "address_requirements", address)
	configuration := configurationOf(n)
	in.configure(configuration)
	in.must(s.applicationsOf(ctx, tx, c, configuration))
	return in.done()
}

// putBack lets anyone buy a number again. One that never could be bought, because it is hosted, stays away.
func (s *Store) putBack(ctx context.Context, tx *sql.Tx, number string) error {
	st := new(statement)
	st.write("UPDATE available_phone_numbers SET available = TRUE WHERE phone_number = ", st.arg(number))
	if _, err := s.exec(ctx, tx, st); err != nil {
		return failed(ctx, "putting a phone number back", err)
	}
	return nil
}
