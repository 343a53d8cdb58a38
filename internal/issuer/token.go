package issuer

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/internal/strictjson"
)

const (
	// maxToken bounds a subject token. Providers put many groups into theirs.
	maxToken = 16 << 10 // bytes
	maxDepth = 8        // of nested JSON
	maxKid   = 256      // bytes
	// maxTime is the last second of the year 9999.
	maxTime = 253402300799
	// maxAge is how long ago a token may have been issued.
	maxAge = 24 * time.Hour
)

// subjectToken is a token taken apart, of which nothing is believed yet.
type subjectToken struct {
	alg, kid  string
	signed    string // what the signature is over
	signature []byte
	payload   []byte
	claims    map[string]any
}

// read takes a token apart: three parts in the one spelling of base64url, each JSON read strictly, with no name twice.
// Its errors are ErrInvalid.
func read(raw string) (subjectToken, error) {
	if len(raw) > maxToken {
		return subjectToken{}, invalid("longer than the limit")
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return subjectToken{}, invalid("not three parts")
	}
	var segments [3][]byte
	for i, part := range parts {
		var err error
		// The decoder skips line breaks, so they are refused by hand.
		segments[i], err = base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || part == "" || strings.ContainsAny(part, "\r\n") {
			return subjectToken{}, invalid("not base64url")
		}
	}
	t := subjectToken{signed: raw[:len(parts[0])+1+len(parts[1])], signature: segments[2], payload: segments[1]}
	if err := t.readHeader(segments[0]); err != nil {
		return subjectToken{}, err
	}
	claims, err := strictjson.DecodeObject(segments[1], maxDepth)
	if err != nil {
		return subjectToken{}, invalid("claims: " + err.Error())
	}
	t.claims = claims
	return t, nil
}

// readHeader lets pass what names a key and no more: alg, typ, kid, and the thumbprints x5t, which some providers add
// and nobody here reads. What brings a key along (jwk, jku, x5c, x5u) or changes the meaning of the rest (crit, b64,
// zip, cty) is refused, as is a typ that says that the token is for something else (RFC 8725, section 3.11).
func (t *subjectToken) readHeader(text []byte) error {
	members, err := strictjson.DecodeObject(text, maxDepth)
	if err != nil {
		return invalid("header: " + err.Error())
	}
	for name := range members {
		switch name {
		case "alg", "typ", "kid", "x5t", "x5t#S256":
		default:
			return invalid("header: a member that is not allowed")
		}
	}
	t.alg, _ = members["alg"].(string)
	t.kid, _ = members["kid"].(string)
	if t.kid == "" || len(t.kid) > maxKid {
		return invalid("header: no kid, or one that is too long")
	}
	if typ, given := members["typ"]; given {
		text, _ := typ.(string)
		switch strings.TrimPrefix(strings.ToLower(text), "application/") {
		case "jwt", "at+jwt":
		default:
			return invalid("header: a typ that is not allowed")
		}
	}
	return nil
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
		return invalid("claims: expired")
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
