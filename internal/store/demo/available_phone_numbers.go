package demo

import (
	"cmp"
	"fmt"

	"github.com/fieldgate/fieldgate/graph/model"
)

// forSale is how many numbers of each place can be bought.
const forSale = 25

// availablePhoneNumberRows are the numbers that can be bought, some of each place, and those that were and can be
// again when their accounts release them.
func availablePhoneNumberRows(used map[string]phoneNumber) rows {
	r := stream("/available phone numbers")
	t := rows{table: "available_phone_numbers", columns: []string{
		"phone_number", "available", "friendly_name", "type", "iso_country", "area_code", "locality", "region", "postal_code", "lata",
		"voice_capable", "sms_capable", "mms_capable", "fax_capable", "beta", "address_requirements",
	}}
	for _, p := range append(places(), freephone()...) {
		free := 0
		for _, i := range r.Perm(p.count) {
			number := fmt.Sprintf(p.format, p.from+i)
			n, taken := used[number]
			switch {
			case taken && n.bought:
				t.add(append(p.available(number, false), n.carries...)...)
			case !taken && free < forSale:
				free++
				sms, address := r.IntN(10) > 0, "NONE"
				if !p.american {
					address = pick(r, "NONE", "NONE", "ANY", "LOCAL", "FOREIGN")
				}
				t.add(append(p.available(number, true), true, sms, sms && p.american, r.IntN(20) == 0, r.IntN(50) == 0, address)...)
			}
		}
	}
	return t
}

// available is what of a row is the same for all numbers of the place.
func (p place) available(number string, is bool) []any {
	city := p.name
	if p.kind != "" {
		city = ""
	}
	return []any{
		number, is, p.written(number), string(cmp.Or(p.kind, model.PhoneNumberTypeLocal)), p.country,
		orNull(p.code), orNull(city), orNull(p.region), orNull(p.postal), orNull(p.lata),
	}
}

// written is a number as people write it.
func (p place) written(number string) string {
	if !p.american {
		return number
	}
	return fmt.Sprintf("(%s) %s-%s", number[2:5], number[5:8], number[8:])
}

// orNull is a value, nil when it is empty.
func orNull(value string) any {
	if value == "" {
		return nil
	}
	return value
}
