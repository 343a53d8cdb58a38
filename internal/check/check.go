// Package check says whether what a mutation was given can be kept: its errors are
// BAD_USER_INPUT with the path of the input. A path begins with "input".
package check

import (
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/relay"
	"github.com/shopspring/decimal"
)

const (
	maxName = 64
	maxURL  = 2048 // bytes: more, some servers refuse

	maxEmail = 254 // bytes: RFC 5321, section 4.5.3.1, has room for no more in a path
	maxLocal = 64  // bytes before the @, by the same section
)

// Func checks a text that stands at a path of the input.
type Func func(value string, path ...string) error

// Name checks a name: 1 to 64 characters, none of them a control character.
func Name(value string, path ...string) error { return Text(maxName)(value, path...) }

// Text checks a text of 1 to most characters that is not all space, without control characters.
func Text(most int) Func {
	return func(value string, path ...string) error {
		field := last(path)
		if n := utf8.RuneCountInString(value); strings.TrimSpace(value) == "" || n > most {
			return problem.Input(fmt.Sprintf("%s has 1 to %d characters.", field, most), path...)
		}
		if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
			return problem.Input(field+" has no control characters.", path...)
		}
		return nil
	}
}

// URL checks the address of a webhook: absolute, http or https, with a host, at most 2048 bytes, without a fragment.
func URL(value string, path ...string) error {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Fragment != "" || len(value) > maxURL ||
		strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return problem.Input(last(path)+" is an absolute http or https URL of at most 2048 bytes.", path...)
	}
	return nil
}

// Email checks an e-mail address: of those of RFC 5322 one whose part before the @ needs no quotes, in ASCII. Of others,
// two that look alike can differ.
func Email(value string, path ...string) error {
	parsed, err := mail.ParseAddress(value)
	if err != nil || parsed.Name != "" || parsed.Address != value || len(value) > maxEmail || strings.Index(value, "@") > maxLocal ||
		strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>()[]\,;:`, r) }) {
		return problem.Input(last(path)+" is an e-mail address such as name@example.com.", path...)
	}
	return nil
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)

// E164 checks a phone number (ITU-T E.164): a plus and 2 to 15 digits, the first not zero.
func E164(value string, path ...string) error {
	if !e164.MatchString(value) {
		return problem.Input(last(path)+" is a phone number in E.164 form, such as +15558675310.", path...)
	}
	return nil
}

var phonePattern = regexp.MustCompile(`^[0-9A-Za-z*]{1,15}$`)

// PhonePattern checks what is looked for within a phone number: 1 to 15 digits, letters and stars.
func PhonePattern(value string, path ...string) error {
	if !phonePattern.MatchString(value) {
		return problem.Input(last(path)+" has 1 to 15 digits, letters of A to Z and stars.", path...)
	}
	return nil
}

var senderID = regexp.MustCompile(`^[A-Za-z0-9+_&-]([A-Za-z0-9 +_&-]{0,9}[A-Za-z0-9+_&-])?$`)

// SenderID checks an alphanumeric sender ID: 1 to 11 letters of A to Z, digits, spaces and + - _ &, with at least one
// letter and no space around it.
func SenderID(value string, path ...string) error {
	if !senderID.MatchString(value) || !strings.ContainsFunc(value, unicode.IsLetter) {
		return problem.Input(last(path)+" has 1 to 11 letters of A to Z, digits, spaces and + - _ &, with at least one letter and no space around it.", path...)
	}
	return nil
}

var country = regexp.MustCompile(`^[A-Z]{2}$`)

// Country checks the form of a country's code: two capitals (ISO 3166-1).
func Country(value string, path ...string) error {
	if !country.MatchString(value) {
		return problem.Input(last(path)+" is the ISO 3166-1 code of a country, such as FR.", path...)
	}
	return nil
}

// SID checks a SID of one of these prefixes: two letters and 32 hexadecimal digits.
func SID(prefixes ...string) Func {
	form := regexp.MustCompile(`^(` + strings.Join(prefixes, "|") + `)[0-9a-fA-F]{32}$`)
	return func(value string, path ...string) error {
		if !form.MatchString(value) {
			return problem.Input(fmt.Sprintf("%s is a SID: %s and 32 hexadecimal digits.", last(path), strings.Join(prefixes, " or ")), path...)
		}
		return nil
	}
}

// ID reads the SID out of a global id, which must be of this type.
func ID(typeName, id string, path ...string) (sid string, err error) {
	of, sid, ok := relay.ParseID(id)
	if !ok || of != typeName {
		return "", problem.Input("This is no id of the type "+typeName+".", path...)
	}
	return sid, nil
}

// TimeZone checks an IANA name of a time zone.
func TimeZone(value string, path ...string) error {
	if value == "" || value == "Local" {
		return problem.Input(last(path)+" is the IANA name of a time zone, such as Europe/Paris.", path...)
	}
	if _, err := time.LoadLocation(value); err != nil {
		return problem.Input(last(path)+" is the IANA name of a time zone, such as Europe/Paris.", path...)
	}
	return nil
}

// Amount checks an amount between least and most, of at most 6 digits after the point: it is kept in millionths.
func Amount(value, least, most decimal.Decimal, path ...string) error {
	if value.LessThan(least) || value.GreaterThan(most) || !value.Equal(value.Truncate(6)) {
		return problem.Input(fmt.Sprintf("%s lies between %s and %s, with at most 6 digits after the point.", last(path), least, most), path...)
	}
	return nil
}

func last(path []string) string {
	if len(path) == 0 {
		return "This"
	}
	return path[len(path)-1]
}
