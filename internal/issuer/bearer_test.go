package issuer

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io/fs"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/golang-jwt/jwt/v5"
)

// bearerFile is one without faults.
const bearerFile = `bearers:
  - name: console
    issuer: console.example
    audiences: [account]
    token_type: JWT
    keys:
      - {id: ed, algorithm: EdDSA, file: ed.pem}
      - {id: rs, algorithm: RS256, file: rs.pem}
      - {id: hs, algorithm: HS256, file: hs.secret}
    claims: {roles: role}
    account: AC00000000000000000000000000000001
    roles: {owner: OWNER, admin: ADMINISTRATOR, developer: DEVELOPER, support: SUPPORT}
    sessions: {key_prefix: "sess:"}
`

// signers are the private halves of the keys of bearerFile, and its files.
type signers struct {
	ed     ed25519.PrivateKey
	rs     *rsa.PrivateKey
	secret []byte
	files  map[string]string
}

func newSigners(t testing.TB) signers {
	t.Helper()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := signers{ed: ed, rs: rs, secret: []byte(rand.Text() + rand.Text()), files: map[string]string{}}
	for name, public := range map[string]any{"ed.pem": ed.Public(), "rs.pem": &rs.PublicKey} {
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		s.files[name] = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	s.files["hs.secret"] = base64.StdEncoding.EncodeToString(s.secret) + "\n"
	return s
}

func (s signers) read(f KeyFile) ([]byte, error) {
	text, is := s.files[f.File]
	if !is {
		return nil, fs.ErrNotExist
	}
	return []byte(text), nil
}

// sign makes a token; header and claims are laid over those of a good one, and a nil takes one away.
func (s signers) sign(t testing.TB, method jwt.SigningMethod, key any, header, claims map[string]any) string {
	t.Helper()
	over := func(on, lay map[string]any) map[string]any {
		maps.Copy(on, lay)
		maps.DeleteFunc(on, func(_ string, v any) bool { return v == nil })
		return on
	}
	token := jwt.NewWithClaims(method, jwt.MapClaims(over(map[string]any{
		"iss": "console.example", "aud": "account", "sub": "user-1", "role": "developer", "sid": "session-1",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}, claims)))
	kid := map[string]string{"EdDSA": "ed", "RS256": "rs", "HS256": "hs"}[method.Alg()]
	token.Header = over(map[string]any{"alg": method.Alg(), "typ": "JWT", "kid": kid}, header)
	raw, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func bearers(t testing.TB, text string, s signers) *Bearers {
	t.Helper()
	file, err := Parse("f", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Bearers[0].Load(s.read); err != nil {
		t.Fatal(err)
	}
	return NewBearers(file.Bearers, time.Now)
}

// TestBearer: a token is believed when nothing is wrong with it, and is then of whom it says.
func TestBearer(t *testing.T) {
	s := newSigners(t)
	b := bearers(t, bearerFile, s)
	want := auth.Outsider{
		Issuer: "console", User: outside("console.example", "user-1"), Account: "AC00000000000000000000000000000001",
		Session: "console/session-1", Key: "sess:session-1", Roles: []policy.Role{policy.Developer},
	}
	if len(want.User) != 34 || !strings.HasPrefix(want.User, "EX") || want.User == outside("console.exampl", "euser-1") {
		t.Errorf("the user is %s", want.User)
	}
	for name, raw := range map[string]string{
		"EdDSA": s.sign(t, jwt.SigningMethodEdDSA, s.ed, nil, nil),
		"RS256": s.sign(t, jwt.SigningMethodRS256, s.rs, nil, nil),
		"HS256": s.sign(t, jwt.SigningMethodHS256, s.secret, nil, nil),
		"several audiences, and a role that is not mapped": s.sign(t, jwt.SigningMethodEdDSA, s.ed, nil,
			map[string]any{"aud": []string{"other", "account"}, "role": []string{"root", "developer"}}),
		"no iat": s.sign(t, jwt.SigningMethodEdDSA, s.ed, nil, map[string]any{"iat": nil}),
	} {
		got, err := b.Verify(raw)
		if left := time.Until(got.Expires); left < 59*time.Minute || left > time.Hour+defaultLeeway {
			t.Errorf("%s: it expires in %s", name, left)
		}
		got.Expires = time.Time{}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	issued := time.Now().Add(-23 * time.Hour).Truncate(time.Second)
	long := s.sign(t, jwt.SigningMethodEdDSA, s.ed, nil, map[string]any{"iat": issued.Unix(), "exp": issued.Add(46 * time.Hour).Unix()})
	if got, err := b.Verify(long); err != nil || !got.Expires.Equal(issued.Add(maxAge)) {
		t.Errorf("one that is soon too old: %+v, %v", got, err)
	}
	unchecked := bearers(t, strings.Replace(bearerFile, `{key_prefix: "sess:"}`, "unchecked", 1), s)
	if got, err := unchecked.Verify(s.sign(t, jwt.SigningMethodEdDSA, s.ed, nil, nil)); err != nil || !got.Unchecked {
		t.Errorf("without sessions: %+v, %v", got, err)
	}
}

// TestBearerRefused is whatever may be wrong with a token, each by itself.
func TestBearerRefused(t *testing.T) {
	s := newSigners(t)
	b := bearers(t, bearerFile, s)
	with := func(claims map[string]any) string { return s.sign(t, jwt.SigningMethodEdDSA, s.ed, nil, claims) }
	head := func(header map[string]any) string { return s.sign(t, jwt.SigningMethodEdDSA, s.ed, header, nil) }
	good := with(nil)
	other := newSigners(t)
	now := time.Now()
	for _, row := range []struct {
		name, raw string
		want      error
	}{
		{"no token", "", auth.ErrBadToken},
		{"a signature of another key", s.sign(t, jwt.SigningMethodEdDSA, other.ed, nil, nil), auth.ErrBadToken},
		{"a signature cut short", good[:len(good)-8], auth.ErrBadToken},
		{"no signature", good[:strings.LastIndex(good, ".")+1], auth.ErrBadToken},
		{"a secret that is the public RSA key", s.sign(t, jwt.SigningMethodHS256, []byte(s.files["rs.pem"]), map[string]any{"kid": "rs"}, nil), auth.ErrBadToken},
		{"a secret that is the public Ed25519 key", s.sign(t, jwt.SigningMethodHS256, []byte(s.ed.Public().(ed25519.PublicKey)), map[string]any{"kid": "ed"}, nil), auth.ErrBadToken},
		{"the algorithm of another key", s.sign(t, jwt.SigningMethodRS256, s.rs, map[string]any{"kid": "ed"}, nil), auth.ErrBadToken},
		{"another algorithm of the same key", s.sign(t, jwt.SigningMethodRS512, s.rs, map[string]any{"kid": "rs"}, nil), auth.ErrBadToken},
		{"no algorithm", s.sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, map[string]any{"kid": "ed"}, nil), auth.ErrBadToken},
		{"a key that is not known", head(map[string]any{"kid": "es"}), auth.ErrBadToken},
		{"no key", head(map[string]any{"kid": nil}), auth.ErrBadToken},
		{"another type", head(map[string]any{"typ": "at+jwt"}), auth.ErrBadToken},
		{"no type", head(map[string]any{"typ": nil}), auth.ErrBadToken},
		{"a critical member", head(map[string]any{"crit": []string{"b64"}, "b64": true}), auth.ErrBadToken},
		{"a key of its own", head(map[string]any{"jku": "https://console.example/keys"}), auth.ErrBadToken},
		{"another issuer", with(map[string]any{"iss": "console.example."}), auth.ErrBadToken},
		{"no issuer", with(map[string]any{"iss": nil}), auth.ErrBadToken},
		{"another audience", with(map[string]any{"aud": "accounts"}), auth.ErrBadToken},
		{"no audience", with(map[string]any{"aud": nil}), auth.ErrBadToken},
		{"over", with(map[string]any{"iat": nil, "exp": now.Add(-time.Minute).Unix()}), auth.ErrExpiredToken},
		{"without an end", with(map[string]any{"exp": nil}), auth.ErrBadToken},
		{"an end that is text", with(map[string]any{"exp": "9999999999"}), auth.ErrBadToken},
		{"an end of next week", with(map[string]any{"exp": now.Add(7 * 24 * time.Hour).Unix()}), auth.ErrBadToken},
		{"not yet in force", with(map[string]any{"nbf": now.Add(time.Hour).Unix()}), auth.ErrBadToken},
		{"issued tomorrow", with(map[string]any{"iat": now.Add(time.Minute).Unix()}), auth.ErrBadToken},
		{"no subject", with(map[string]any{"sub": nil}), auth.ErrBadToken},
		{"a subject too long", with(map[string]any{"sub": strings.Repeat("a", maxSubject+1)}), auth.ErrBadToken},
		{"no session", with(map[string]any{"sid": nil}), auth.ErrBadToken},
		{"a session that is a number", with(map[string]any{"sid": 1}), auth.ErrBadToken},
		{"a session that leads elsewhere", with(map[string]any{"sid": "a:b"}), auth.ErrBadToken},
		{"a session with a line break", with(map[string]any{"sid": "session-1\n"}), auth.ErrBadToken},
		{"a session too long", with(map[string]any{"sid": strings.Repeat("a", 129)}), auth.ErrBadToken},
		{"no role", with(map[string]any{"role": nil}), auth.ErrBadToken},
		{"a role that is not mapped", with(map[string]any{"role": "root"}), auth.ErrBadToken},
		{"a role that is the gateway's word", with(map[string]any{"role": "OWNER"}), auth.ErrBadToken},
		{"roles that cannot be held together", with(map[string]any{"role": []string{"admin", "support"}}), auth.ErrBadToken},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got, err := b.Verify(row.raw); !errors.Is(err, row.want) || !reflect.DeepEqual(got, auth.Outsider{}) {
				t.Errorf("%+v, %v, want %v", got, err, row.want)
			}
		})
	}
	if _, err := new(Bearers).Verify(good); !errors.Is(err, auth.ErrBadToken) {
		t.Errorf("where nobody is believed: %v", err)
	}
}

// TestBearerFaults is what keeps the gateway from starting.
func TestBearerFaults(t *testing.T) {
	replaced := func(old, by string) string {
		if !strings.Contains(bearerFile, old) {
			t.Fatalf("%q is not there", old)
		}
		return strings.Replace(bearerFile, old, by, 1)
	}
	for _, row := range []struct{ name, text, says string }{
		{"none", "bearers: []", "f:1: bearers is a list"},
		{"nothing said", "bearers: [{}]", "f:1: a bearer needs sessions"},
		{"an algorithm that there is not", replaced("HS256", "none"), "f:9: none is no algorithm"},
		{"a key without a file", replaced(", file: ed.pem", ""), "f:7: a key needs id, algorithm and file"},
		{"a key twice", replaced("id: rs", "id: ed"), "f:8: another key has the id ed"},
		{"no keys", replaced("    keys:\n      - {id: ed, algorithm: EdDSA, file: ed.pem}\n      - {id: rs, algorithm: RS256, file: rs.pem}\n      - {id: hs, algorithm: HS256, file: hs.secret}\n", "    keys: []\n"), "f:6: keys is a list"},
		{"the gateway itself", replaced("issuer: console.example", "issuer: fieldgate"), "f:3: fieldgate is the issuer of the gateway's own"},
		{"an account that is none", replaced("AC00000000000000000000000000000001", "AC1"), "f:11: an account is given by its SID"},
		{"a role that there is not", replaced("SUPPORT", "support"), `f:12: "support" is no role: they are OWNER, ADMINISTRATOR, DEVELOPER, BILLING_MANAGER, SUPPORT`},
		{"an address as the subject", replaced("{roles: role}", "{subject: email}"), "f:10: the subject cannot be email"},
		{"sessions that are the gateway's", replaced("sess:", "{fieldgate}:session:"), "f:13: a prefix has"},
		{"sessions somehow", replaced(`{key_prefix: "sess:"}`, "none"), "f:13: sessions is {key_prefix: PREFIX}"},
		{"sessions without a prefix", replaced(`{key_prefix: "sess:"}`, "{}"), "f:13: sessions needs key_prefix"},
		{"one issuer twice", bearerFile + strings.Replace(strings.TrimPrefix(bearerFile, "bearers:\n"), "console", "other", 1), "this issuer is there already"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got, err := Parse("f", []byte(row.text), nil); err == nil || !strings.Contains(err.Error(), row.says) || got.Bearers != nil {
				t.Errorf("%+v, %v, want %q", got, err, row.says)
			}
		})
	}
	s := newSigners(t)
	for _, row := range []struct{ name, file, text, says string }{
		{"a key that is not there", "ed.pem", "", "does not exist"},
		{"a key of another kind", "ed.pem", s.files["rs.pem"], "not of its algorithm"},
		{"no PEM", "ed.pem", "hallo", "not one PEM block"},
		{"two keys", "ed.pem", s.files["ed.pem"] + s.files["ed.pem"], "not one PEM block"},
		{"a secret too short", "hs.secret", base64.StdEncoding.EncodeToString(s.secret[:31]), "too short"},
		{"a secret that is not base64", "hs.secret", "correct horse battery staple, and longer", "not base64"},
		{"a secret that is a public key", "hs.secret", base64.StdEncoding.EncodeToString([]byte(s.files["rs.pem"])), "a key in PEM"},
	} {
		t.Run(row.name, func(t *testing.T) {
			changed := signers{files: maps.Clone(s.files)}
			if changed.files[row.file] = row.text; row.text == "" {
				delete(changed.files, row.file)
			}
			file, err := Parse("f", []byte(bearerFile), nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := file.Bearers[0].Load(changed.read); err == nil || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), "horse") {
				t.Errorf("%v, want %q", err, row.says)
			}
		})
	}
}
