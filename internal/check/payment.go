package check

import (
	"regexp"
	"strings"

	"github.com/fieldgate/fieldgate/internal/problem"
)

// A card's number has 12 to 19 digits (ISO/IEC 7812), which people write in groups.
var (
	card     = regexp.MustCompile(`^[0-9](?:[ .-]?[0-9]){11,18}$`)
	withCard = regexp.MustCompile(`[0-9](?:[ .-]?[0-9]){11}`)
)

// Token checks what a payment provider has given for a card or an account: 1 to 255 printable ASCII characters that are
// no card's number. Nothing that a client sent of it is in the error.
func Token(value string, path ...string) error {
	switch {
	case card.MatchString(value):
		return problem.Input(last(path)+" is a token of the payment provider, and never the number of a card.", path...)
	case value == "" || len(value) > 255 || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }):
		return problem.Input(last(path)+" is a token of the payment provider: 1 to 255 printable ASCII characters, without spaces.", path...)
	}
	return nil
}

// NoCard checks a text as is does, and that no card's number is in it.
func NoCard(is Func) Func {
	return func(value string, path ...string) error {
		if withCard.MatchString(value) {
			return problem.Input(last(path)+" has the number of a card in it: that is for the payment provider alone.", path...)
		}
		return is(value, path...)
	}
}

var last4 = regexp.MustCompile(`^[0-9]{4}$`)

// Last4 checks the last four digits of a number that is itself not told.
func Last4(value string, path ...string) error {
	if !last4.MatchString(value) {
		return problem.Input(last(path)+" is four digits.", path...)
	}
	return nil
}
