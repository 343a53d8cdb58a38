package demo

import (
	"fmt"
	"math/rand/v2"
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
}

// places are ranges of numbers that nobody is given: 555-0100 to 0199 of each area code
// (North American Numbering Plan), Ofcom's numbers for drama, ACMA's fictitious numbers,
// ARCEP's and the Bundesnetzagentur's numbers for films, and ComReg's and PTS's.
func places() []place {
	cities := []struct {
		code int
		name string
	}{
		{202, "Washington"}, {206, "Seattle"}, {212, "New York"}, {213, "Los Angeles"}, {214, "Dallas"},
		{303, "Denver"}, {305, "Miami"}, {312, "Chicago"}, {404, "Atlanta"}, {415, "San Francisco"},
		{503, "Portland"}, {602, "Phoenix"}, {612, "Minneapolis"}, {617, "Boston"}, {702, "Las Vegas"},
		{713, "Houston"}, {416, "Toronto"}, {514, "Montreal"}, {604, "Vancouver"},
	}
	var all []place
	for _, c := range cities {
		all = append(all, place{c.name, fmt.Sprintf("+1%d555%%04d", c.code), 100, 100, true})
	}
	return append(all,
		place{"London", "+44207946%04d", 0, 1000, false},
		place{"Manchester", "+44161496%04d", 0, 1000, false},
		place{"UK mobile", "+447700900%03d", 0, 1000, false},
		place{"Sydney", "+6125550%04d", 0, 1000, false},
		place{"Melbourne", "+6135550%04d", 0, 1000, false},
		place{"Paris", "+3319900%04d", 0, 1000, false},
		place{"Lyon", "+3346571%04d", 0, 1000, false},
		place{"Berlin", "+493023125%03d", 0, 1000, false},
		place{"Hamburg", "+494066969%03d", 0, 1000, false},
		place{"Ireland", "+3532091%05d", 0, 1000, false},
		place{"Stockholm", "+46846500%03d", 400, 100, false},
	)
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
