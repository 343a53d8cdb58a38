package issuer

import (
	"context"
	"slices"
	"strings"

	"github.com/fieldgate/fieldgate/auth/policy"
)

const maxSubject = 255 // bytes: OpenID Connect Core 1.0, section 2

// Verify returns who a subject token is about, with the roles that their groups come to, which may be none. The error is
// ErrInvalid for a token that is not to be believed, and ErrUnavailable when the issuer's keys are not known; with it comes
// no more than the issuer, if that is one of the set.
//
// Which issuer it is of is decided by its claim iss, in full, before a key is looked for, so that a key of one issuer
// verifies nothing of another, whatever it is called. A token may be exchanged more than once while it is in force:
// whoever holds it can act as its subject anyway, and what each exchange makes is a session that can be seen and ended.
func (s *Set) Verify(ctx context.Context, raw string) (Person, error) {
	t, err := read(raw)
	if err != nil {
		return Person{}, err
	}
	iss, _ := t.claims["iss"].(string)
	from, known := s.issuers[iss]
	if !known {
		return Person{}, invalid("claims: an issuer that is not known")
	}
	if err := from.signed(ctx, t); err != nil {
		return Person{Issuer: from.config}, err
	}
	if !slices.ContainsFunc(texts(t.claims["aud"]), func(aud string) bool { return slices.Contains(from.config.Audiences, aud) }) {
		return Person{Issuer: from.config}, invalid("claims: another audience")
	}
	if err := t.within(s.now(), from.config.Leeway); err != nil {
		return Person{Issuer: from.config}, err
	}
	return from.person(t)
}

// person is whom a token is about that is believed.
func (s *source) person(t subjectToken) (Person, error) {
	names := s.config.Claims
	p := Person{Issuer: s.config, Subject: t.text(names.Subject), Email: t.text(names.Email), Name: t.text(names.Name)}
	if p.Subject == "" || len(p.Subject) > maxSubject {
		return Person{Issuer: s.config}, invalid("claims: no subject, or one that is too long")
	}
	// Without it an old token could bring back what a newer one has taken.
	issued, is := t.time("iat")
	if !is {
		return Person{Issuer: s.config}, invalid("claims: iat is missing or not a time")
	}
	p.Issued = issued
	// Anyone can claim an address that nobody has made sure of, and keep it from its owner.
	if verified, given := t.claims["email_verified"]; verified != true && verified != "true" && (given || !s.config.Assumed) {
		p.Email = ""
	}
	p.Roles = rolesOf(groups(at(t.claims, names.Groups), s.config.Spaced), s.config.Roles)
	return p, nil
}

// groups are those that a claim lists: a list, or a text, which is one group unless texts are spaced.
func groups(claim any, spaced bool) []string {
	if text, is := claim.(string); is && spaced {
		return strings.Fields(text)
	}
	return texts(claim)
}

// rolesOf is what groups come to, nil if it is nothing. Administrator stands alone, so it wins over the others, and nobody
// is made Owner.
func rolesOf(groups []string, by map[string]policy.Role) []policy.Role {
	roles := mapped(groups, by, policy.Roles()[1:])
	if slices.Contains(roles, policy.Administrator) {
		return []policy.Role{policy.Administrator}
	}
	return roles
}

// mapped are those of some roles that groups come to, each once and in their order. A group that is not mapped counts for
// nothing.
func mapped(groups []string, by map[string]policy.Role, of []policy.Role) []policy.Role {
	var roles []policy.Role
	for _, role := range of {
		if slices.ContainsFunc(groups, func(group string) bool { return by[group] == role }) {
			roles = append(roles, role)
		}
	}
	return roles
}
