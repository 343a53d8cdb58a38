package issuer

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/auth/jws"
	"github.com/fieldgate/fieldgate/internal/strictjson"
)

const (
	// maxToken bounds a subject token. Providers put many groups into theirs.
	maxToken = 16 << 10 // bytes
	maxDepth = 8        // of nested JSON
	// maxTime is the last second of the year 9999.
	maxTime = 253402300799
	// maxAge is how long ago a token may have been issued.
	maxAge = 24 * time.Hour
)

// form is what a token of an issuer must look like: some have the thumbprints of a certificate, which nobody here reads.
var form = jws.Rules{MaxSize: maxToken, Hints: []string{"x5t", "x5t#S256"}}

// errExpired says that a token is over.
var errExpired = invalid("claims: expired")

// subjectToken is a token taken apart, of which nothing is believed before source.signed.
type subjectToken struct {
	raw     string
	payload []byte
	claims  map[string]any
}

// read takes a token apart. Its errors are ErrInvalid.
func read(raw string) (subjectToken, error) {
	payload, err := form.Unverified(raw)
	if err != nil {
		return subjectToken{}, invalid(err.Error())
	}
	claims, err := strictjson.DecodeObject(payload, maxDepth)
	if err != nil {
		return subjectToken{}, invalid("claims: " + err.Error())
	}
	return subjectToken{raw, payload, claims}, nil
}

// text is a claim that is text, "" for any other.
func (t subjectToken) text(name string) string {
	text, _ := at(t.claims, name).(string)
	return text
}

// time reads a NumericDate (RFC 7519, section 2), which may have a fraction.
func (t subjectToken) time(name string) (time.Time, bool) {
	number, _ := t.claims[name].(json.Number)
	seconds, err := number.Float64()
	if err != nil || math.IsNaN(seconds) || seconds <= 0 || seconds > maxTime {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0).UTC(), true
}

// within tells whether the token is in force now, give or take the leeway: exp is required and in the future, iat and
// nbf, where they are, are not, and iat is not of long ago.
func (t subjectToken) within(now time.Time, leeway time.Duration) error {
	expires, is := t.time("exp")
	if !is {
		return invalid("claims: exp is missing or not a time")
	}
	if !now.Before(expires.Add(leeway)) {
		return errExpired
	}
	for _, name := range []string{"iat", "nbf"} {
		if _, given := t.claims[name]; !given {
			continue
		}
		moment, is := t.time(name)
		switch {
		case !is:
			return invalid("claims: " + name + " is not a time")
		case moment.After(now.Add(leeway)):
			return invalid("claims: not yet in force")
		case name == "iat" && (now.Sub(moment) > maxAge || !expires.After(moment)):
			return invalid("claims: issued too long ago, or after its end")
		}
	}
	return nil
}

// at finds a claim by its name, whose dots lead deeper unless it is a URL, as namespaced claims are. It is nil where
// there is none.
func at(claims map[string]any, name string) any {
	steps := []string{name}
	if !strings.Contains(name, "://") {
		steps = strings.Split(name, ".")
	}
	var value any = claims
	for _, step := range steps {
		object, _ := value.(map[string]any)
		value = object[step]
	}
	return value
}

// texts reads a claim that is one text or a list of them. What is not text is left out of a list.
func texts(value any) []string {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		var all []string
		for _, element := range value {
			if text, is := element.(string); is {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}
