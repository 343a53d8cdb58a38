package token

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/auth/jws"
	"github.com/fieldgate/fieldgate/internal/strictjson"
)

// maxDepth bounds nested JSON. A token of ours has two levels, its object and the list of roles.
const maxDepth = 4

// maxTime is the last second of the year 9999, the last that RFC 3339 can write.
const maxTime = 253402300799

// form is what a token of ours must look like.
var form = jws.Rules{MaxSize: MaxSize}

// Verify returns the claims of a token that this authority issued and that is in force now. Any other token gives
// ErrInvalid, or ErrExpired when nothing but its time is wrong. The order is that of trust: size, form and header
// first, then the signature, and only then the claims.
func (a *Authority) Verify(raw string) (Claims, error) {
	p, err := a.verify(raw)
	return p.Claims, err
}

// verify is Verify with all that was read. Only check depends on when it is asked.
func (a *Authority) verify(raw string) (payload, error) {
	_, text, err := form.Verify(raw, a.keyFor)
	if err != nil {
		return payload{}, invalid(err.Error())
	}
	p, err := a.readClaims(text)
	if err == nil {
		err = a.check(&p)
	}
	if err != nil {
		return payload{}, err
	}
	return p, nil
}

// keyFor returns the key that a header names.
func (a *Authority) keyFor(h jws.Header) (jws.Key, error) {
	if !strings.EqualFold(h.Type, "at+jwt") && !strings.EqualFold(h.Type, "application/at+jwt") {
		return jws.Key{}, jws.Error("header: wrong typ")
	}
	key, known := a.keys.verifies[h.KeyID]
	if !known {
		return jws.Key{}, jws.Error("header: unknown kid")
	}
	return key, nil
}

// payload is a token's claims as they were read, before they are judged.
type payload struct {
	Claims    // Audience is empty when the token is for others
	notBefore time.Time
}

// readClaims reads the claims and refuses those that are missing or of a wrong form.
func (a *Authority) readClaims(text []byte) (payload, error) {
	members, err := strictjson.DecodeObject(text, maxDepth)
	if err != nil {
		return payload{}, invalid("claims: " + err.Error())
	}
	var p payload
	for name, to := range map[string]*string{
		"iss": &p.Issuer, "sub": &p.Subject, "sid": &p.SessionID, "account": &p.Account, "jti": &p.ID,
	} {
		if *to, _ = members[name].(string); *to == "" {
			return payload{}, invalid("claims: " + name + " is missing or not text")
		}
	}
	if client, given := members["client_id"]; given {
		// A client's token is for the client itself; anything else would be read in two ways.
		if p.ClientID, _ = client.(string); p.ClientID == "" || p.ClientID != p.Subject {
			return payload{}, invalid("claims: client_id is not the subject")
		}
	}
	for name, to := range map[string]*time.Time{"iat": &p.IssuedAt, "exp": &p.ExpiresAt} {
		if *to, err = readTime(members[name]); err != nil {
			return payload{}, err
		}
	}
	if nbf, given := members["nbf"]; given {
		if p.notBefore, err = readTime(nbf); err != nil {
			return payload{}, err
		}
	}
	audiences, err := readTexts(members["aud"])
	if err != nil {
		return payload{}, err
	}
	if slices.Contains(audiences, a.audience) {
		p.Audience = a.audience
	}
	roles, given := members["roles"]
	if !given {
		roles = members["role"]
	}
	if p.Roles, err = readTexts(roles); err != nil {
		return payload{}, err
	}
	return p, nil
}

// readTime reads a NumericDate (RFC 7519, section 2) written as a plain whole number of seconds.
func readTime(value any) (time.Time, error) {
	number, _ := value.(json.Number)
	seconds, err := strconv.ParseInt(number.String(), 10, 64)
	if err != nil || seconds <= 0 || seconds > maxTime {
		return time.Time{}, invalid("claims: a time is missing or not a sane number")
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// readTexts reads one text or a list of texts, none of them empty.
func readTexts(value any) ([]string, error) {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	texts := make([]string, 0, len(list))
	for _, element := range list {
		text, _ := element.(string)
		if text == "" {
			return nil, invalid("claims: aud or roles is missing or not text")
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// check judges claims whose signature is good, as of now. The end is compared last, so that ErrExpired means that nothing
// else is wrong.
func (a *Authority) check(p *payload) error {
	now := a.now()
	switch {
	case p.Issuer != a.issuer:
		return invalid("claims: another issuer")
	case p.Audience == "":
		return invalid("claims: another audience")
	case p.IssuedAt.After(now.Add(Leeway)) || p.notBefore.After(now.Add(Leeway)):
		return invalid("claims: not yet in force")
	case !p.ExpiresAt.After(p.IssuedAt) || p.ExpiresAt.Sub(p.IssuedAt) > TTL+Leeway:
		return invalid("claims: a lifetime that is not ours")
	case !now.Before(p.ExpiresAt.Add(Leeway)):
		return ErrExpired
	}
	return nil
}
