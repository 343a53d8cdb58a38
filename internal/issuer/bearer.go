package issuer

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/auth/jws"
	"github.com/fieldgate/fieldgate/auth/policy"
)

// Bearer is another issuer whose access tokens are accepted as they are, with each request, instead of being exchanged.
type Bearer struct {
	Name      string   // a short name of ours
	Issuer    string   // the claim iss, in full
	Audiences []string // one of them must be in the claim aud
	Type      string   // the header typ, in small letters and without application/
	Files     []KeyFile
	Keys      map[string]jws.Key // by kid: what stands in Files, which Parse does not read
	Claims    BearerClaims
	Leeway    time.Duration          // by which its clock and ours may differ
	Account   string                 // SID of the account that its people belong to
	Roles     map[string]policy.Role // of the claim, what each comes to
	// Prefix and the claim of the session are the key in Redis that must have a value, unless Unchecked says that a token is
	// good without.
	Prefix    string
	Unchecked bool
}

// BearerClaims are the names of the claims that are read, as those of Claims.
type BearerClaims struct{ Subject, Roles, Session string }

// KeyFile is where a key stands: a public key in PEM or, for an algorithm of jws.SecretAlgorithms, a secret in base64.
type KeyFile struct{ ID, Algorithm, File string }

// Secret says whether whoever can read the file can sign.
func (f KeyFile) Secret() bool { return slices.Contains(jws.SecretAlgorithms(), f.Algorithm) }

// Load reads the keys; read returns the content of a file, and must refuse one with a secret that others may read.
func (b *Bearer) Load(read func(KeyFile) ([]byte, error)) error {
	b.Keys = make(map[string]jws.Key, len(b.Files))
	for _, f := range b.Files {
		text, err := read(f)
		if err == nil {
			b.Keys[f.ID], err = f.key(text)
		}
		if err != nil {
			var path *fs.PathError
			if errors.As(err, &path) {
				err = path.Err // its name is said already
			}
			return fmt.Errorf("the key %s of the issuer %s: %s: %w", f.ID, b.Name, f.File, err)
		}
	}
	return nil
}

// key reads what stands in the file, and says nothing of it.
func (f KeyFile) key(text []byte) (jws.Key, error) {
	if !f.Secret() {
		return jws.ReadPublicKey(text, f.Algorithm)
	}
	secret, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return jws.Key{}, errors.New("the secret is not base64")
	}
	return jws.NewSecret(secret, f.Algorithm)
}

// sessionID is what a session's id may be: it becomes the end of a key's name, and must not lead to another's keys.
var sessionID = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,128}$`)

// Bearers verifies the tokens of others that are accepted as they are. It may be shared; its zero value accepts none.
type Bearers struct {
	issuers map[string]Bearer // by the claim iss
	now     func() time.Time
}

// NewBearers makes a verifier of the tokens of these issuers, whose keys are loaded. now is the clock, time.Now outside of
// tests.
func NewBearers(issuers []Bearer, now func() time.Time) *Bearers {
	b := &Bearers{issuers: make(map[string]Bearer, len(issuers)), now: now}
	for _, i := range issuers {
		b.issuers[i.Issuer] = i
	}
	return b
}

// Verify returns who a token is about. The errors are auth.ErrBadToken and, when nothing is wrong before its time is,
// auth.ErrExpiredToken. Whether the session lives is not asked here. It is an auth.Outsiders.
//
// Which issuer it is of is decided by its claim iss, in full, before a key is looked for; which algorithm, by the key that
// the header names. It must have exp, no more than a day ahead, a subject, a session, and a role that is mapped.
func (b *Bearers) Verify(raw string) (auth.Outsider, error) {
	t, err := read(raw)
	if err != nil {
		return auth.Outsider{}, auth.ErrBadToken
	}
	iss, _ := t.claims["iss"].(string)
	from, known := b.issuers[iss]
	if !known {
		return auth.Outsider{}, auth.ErrBadToken
	}
	if _, _, err := form.Verify(raw, from.key); err != nil {
		return auth.Outsider{}, auth.ErrBadToken
	}
	if !slices.ContainsFunc(texts(t.claims["aud"]), func(aud string) bool { return slices.Contains(from.Audiences, aud) }) {
		return auth.Outsider{}, auth.ErrBadToken
	}
	switch err := t.within(b.now(), from.Leeway); {
	case errors.Is(err, errExpired):
		return auth.Outsider{}, auth.ErrExpiredToken
	case err != nil:
		return auth.Outsider{}, auth.ErrBadToken
	}
	return from.outsider(t, b.now())
}

// mediaOf is the media type of a token as the header typ may write it in short (RFC 7515, section 4.1.9).
func mediaOf(typ string) string { return strings.TrimPrefix(strings.ToLower(typ), "application/") }

// key is the one that a header names.
func (b Bearer) key(h jws.Header) (jws.Key, error) {
	if mediaOf(h.Type) != b.Type {
		return jws.Key{}, jws.Error("header: another typ")
	}
	key, known := b.Keys[h.KeyID]
	if !known {
		return jws.Key{}, jws.Error("header: unknown kid")
	}
	return key, nil
}

// outsider is whom a token is about that is believed.
func (b Bearer) outsider(t subjectToken, now time.Time) (auth.Outsider, error) {
	subject, sid := t.text(b.Claims.Subject), t.text(b.Claims.Session)
	expires, _ := t.time("exp")
	roles := mapped(texts(at(t.claims, b.Claims.Roles)), b.Roles, policy.Roles())
	if subject == "" || len(subject) > maxSubject || !sessionID.MatchString(sid) || expires.Sub(now) > maxAge || policy.ValidRoles(roles) != nil {
		return auth.Outsider{}, auth.ErrBadToken
	}
	over := expires.Add(b.Leeway)
	if issued, is := t.time("iat"); is && issued.Add(maxAge).Before(over) {
		over = issued.Add(maxAge) // whoever remembers it does not ask within again
	}
	return auth.Outsider{
		Issuer: b.Name, User: outside(b.Issuer, subject), Account: b.Account, Session: b.Name + "/" + sid,
		Key: b.Prefix + sid, Unchecked: b.Unchecked, Roles: roles, Expires: over,
	}, nil
}

// outside is what stands for a subject of an issuer where a user's SID does, in quotas and in the trail: EX and 128 bits of
// a hash of the two. No user of the gateway's own has such a SID.
func outside(issuer, subject string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%s", len(issuer), issuer, subject))
	return "EX" + hex.EncodeToString(sum[:16])
}
