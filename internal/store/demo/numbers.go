package demo

import (
	"fmt"
	"math/rand/v2"

	"github.com/fieldgate/fieldgate/graph/model"
)

// place is where a phone number is, and the range of its place that is kept for fiction.
type place struct {
	name string
	// format makes a number in E.164 form of a figure.
	format string
	// from and count are which figures the range has.
	from, count int
	// american says that numbers of the place can carry multimedia messages.
	american bool
	// country is its ISO 3166-1 code.
	country string
	// kind is the type of its numbers, where they are not of a city.
	kind model.PhoneNumberType
	// code, region, postal and lata are there where it is american.
	code, region, postal, lata string
}

// places are ranges of numbers that nobody is given: 555-0100 to 0199 of each area code
// (North American Numbering Plan), Ofcom's numbers for drama, ACMA's fictitious numbers,
// ARCEP's and the Bundesnetzagentur's numbers for films, and ComReg's and PTS's.
func places() []place {
	cities := []struct{ code, name, country, region, postal, lata string }{
		{"202", "Washington", "US", "DC", "20001", "236"}, {"206", "Seattle", "US", "WA", "98101", "674"},
		{"212", "New York", "US", "NY", "10001", "132"}, {"213", "Los Angeles", "US", "CA", "90012", "730"},
		{"214", "Dallas", "US", "TX", "75201", "552"}, {"303", "Denver", "US", "CO", "80202", "656"},
		{"305", "Miami", "US", "FL", "33128", "460"}, {"312", "Chicago", "US", "IL", "60602", "358"},
		{"404", "Atlanta", "US", "GA", "30303", "438"}, {"415", "San Francisco", "US", "CA", "94102", "722"},
		{"503", "Portland", "US", "OR", "97204", "672"}, {"602", "Phoenix", "US", "AZ", "85003", "666"},
		{"612", "Minneapolis", "US", "MN", "55415", "628"}, {"617", "Boston", "US", "MA", "02108", "128"},
		{"702", "Las Vegas", "US", "NV", "89101", "721"}, {"713", "Houston", "US", "TX", "77002", "560"},
		{"416", "Toronto", "CA", "ON", "M5H 2N2", "888"}, {"514", "Montreal", "CA", "QC", "H2Y 1C6", "888"},
		{"604", "Vancouver", "CA", "BC", "V5Y 1V4", "888"},
	}
	var all []place
	for _, c := range cities {
		all = append(all, place{
			name: c.name, format: "+1" + c.code + "555%04d", from: 100, count: 100, american: true,
			country: c.country, code: c.code, region: c.region, postal: c.postal, lata: c.lata,
		})
	}
	return append(all,
		place{name: "London", format: "+44207946%04d", count: 1000, country: "GB"},
		place{name: "Manchester", format: "+44161496%04d", count: 1000, country: "GB"},
		place{name: "UK mobile", format: "+447700900%03d", count: 1000, country: "GB", kind: model.PhoneNumberTypeMobile},
		place{name: "Sydney", format: "+6125550%04d", count: 1000, country: "AU"},
		place{name: "Melbourne", format: "+6135550%04d", count: 1000, country: "AU"},
		place{name: "Paris", format: "+3319900%04d", count: 1000, country: "FR"},
		place{name: "Lyon", format: "+3346571%04d", count: 1000, country: "FR"},
		place{name: "Berlin", format: "+493023125%03d", count: 1000, country: "DE"},
		place{name: "Hamburg", format: "+494066969%03d", count: 1000, country: "DE"},
		place{name: "Ireland", format: "+3532091%05d", count: 1000, country: "IE", kind: model.PhoneNumberTypeLocal},
		place{name: "Stockholm", format: "+46846500%03d", from: 400, count: 100, country: "SE"},
	)
}

// freephone are numbers that are free of charge: Ofcom's for drama, and the one that North America keeps for fiction.
// They are there to be bought.
func freephone() []place {
	return []place{
		{name: "UK freephone", format: "+44808157%04d", count: 1000, country: "GB", kind: model.PhoneNumberTypeTollFree},
		{name: "US toll-free", format: "+1800555%04d", from: 199, count: 1, american: true, country: "US", kind: model.PhoneNumberTypeTollFree, code: "800"},
	}
}

// contacts are the numbers of people whom the account talks to.
func contacts(r *rand.Rand, count int) []string {
	all := places()
	numbers := make([]string, count)
	for i := range numbers {
		p := all[r.IntN(len(all))]
		numbers[i] = fmt.Sprintf(p.format, p.from+r.IntN(p.count))
	}
	return numbers
}
