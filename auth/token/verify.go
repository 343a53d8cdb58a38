package token

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/internal/strictjson"
	"github.com/golang-jwt/jwt/v5"
)

// maxDepth bounds nested JSON. A token of ours has two levels, its object and the list of roles.
const maxDepth = 4

// maxTime is the last second of the year 9999, the last that RFC 3339 can write.
const maxTime = 253402300799

// Verify returns the claims of a token that this authority issued and that is in force now. Any other token gives
// ErrInvalid, or ErrExpired when nothing but its time is wrong. The order is that of trust: size, form and header
// first, then the signature, and only then the claims.
func (a *Authority) Verify(raw string) (Claims, error) {
	if len(raw) > MaxSize {
		return Claims{}, invalid("longer than the limit")
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return Claims{}, invalid("not three parts")
	}
	var segments [3][]byte
	for i, part := range parts {
		var err error
		if segments[i], err = decodeSegment(part); err != nil {
			return Claims{}, err
		}
	}
	key, err := a.keyFor(segments[0])
	if err != nil {
		return Claims{}, err
	}
	signed := raw[:len(parts[0])+1+len(parts[1])]
	if err := jwt.SigningMethodEdDSA.Verify(signed, segments[2], key); err != nil {
		return Claims{}, invalid("wrong signature")
	}
	claims, err := readClaims(segments[1])
	if err != nil {
		return Claims{}, err
	}
	return a.check(claims)
}

// decodeSegment reads base64url without padding (RFC 7515, section 2), in its one canonical spelling. The library skips
// line breaks, so they are refused by hand.
func decodeSegment(text string) ([]byte, error) {
	if text == "" {
		return nil, invalid("an empty part")
	}
	if strings.ContainsAny(text, "\r\n") {
		return nil, invalid("not base64url")
	}
	bytes, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, invalid("not base64url")
	}
	return bytes, nil
}

// keyFor reads the header and returns the key it names. Only alg, typ and kid may stand there: everything else either
// brings its own key (jku, jwk, x5u, x5c), changes the meaning of the rest (crit, b64, zip, cty), or is not ours.
func (a *Authority) keyFor(header []byte) (ed25519.PublicKey, error) {
	members, err := strictjson.DecodeObject(header, maxDepth)
	if err != nil {
		return nil, invalid("header: " + err.Error())
	}
	for name := range members {
		if name != "alg" && name != "typ" && name != "kid" {
			return nil, invalid("header: a member that is not allowed")
		}
	}
	// All keys are Ed25519, so EdDSA is the one algorithm of each of them (RFC 8725, section 3.1).
	if members["alg"] != jwt.SigningMethodEdDSA.Alg() {
		return nil, invalid("header: wrong alg")
	}
	typ, _ := members["typ"].(string)
	if !strings.EqualFold(typ, "at+jwt") && !strings.EqualFold(typ, "application/at+jwt") {
		return nil, invalid("header: wrong typ")
	}
	kid, _ := members["kid"].(string)
	key, known := a.keys.verifies[kid]
	if !known {
		return nil, invalid("header: unknown kid")
	}
	return key, nil
}

// payload is a token's claims as they were read, before they are judged.
type payload struct {
	Claims
	audiences []string
	notBefore time.Time
}

// readClaims reads the claims and refuses those that are missing or of a wrong form.
func readClaims(text []byte) (payload, error) {
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
	if p.audiences, err = readTexts(members["aud"]); err != nil {
		return payload{}, err
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

// check judges claims whose signature is good. The end is compared last, so that ErrExpired means that nothing else is
// wrong.
func (a *Authority) check(p payload) (Claims, error) {
	now := a.now()
	for _, audience := range p.audiences {
		if audience == a.audience {
			p.Audience = audience
		}
	}
	switch {
	case p.Issuer != a.issuer:
		return Claims{}, invalid("claims: another issuer")
	case p.Audience == "":
		return Claims{}, invalid("claims: another audience")
	case p.IssuedAt.After(now.Add(Leeway)) || p.notBefore.After(now.Add(Leeway)):
		return Claims{}, invalid("claims: not yet in force")
	case !p.ExpiresAt.After(p.IssuedAt) || p.ExpiresAt.Sub(p.IssuedAt) > TTL+Leeway:
		return Claims{}, invalid("claims: a lifetime that is not ours")
	case !now.Before(p.ExpiresAt.Add(Leeway)):
		return Claims{}, ErrExpired
	}
	return p.Claims, nil
}
