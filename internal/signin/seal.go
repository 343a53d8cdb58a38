package signin

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// sealed is how cookies are written: encrypted and authenticated, so that a browser keeps for the gateway what it can
// neither read nor make up. AES-256-GCM with a random nonce, and the cookie's name as additional data.
type sealed struct {
	aead cipher.AEAD
	now  func() time.Time
}

func newSealed(key []byte, now func() time.Time) (sealed, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealed{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return sealed{aead, now}, err
}

// content is what is in a cookie.
type content[T any] struct {
	Value   T         `json:"value"`
	Expires time.Time `json:"expires"`
}

// set gives the browser a cookie that is good for so long. Its prefix has the browser take it from this host alone, and
// no script can read it.
func set[T any](s sealed, w http.ResponseWriter, name string, value T, life time.Duration, mode http.SameSite) error {
	text, err := json.Marshal(content[T]{value, s.now().Add(life)})
	if err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, text, []byte(name))),
		Path: "/", MaxAge: int(life / time.Second), Secure: true, HttpOnly: true, SameSite: mode,
	})
	return nil
}

// errCookie says that there is no cookie of this name, or not one that is good.
var errCookie = errors.New("signin: no cookie that is good")

// take reads a cookie and has the browser forget it.
func take[T any](s sealed, w http.ResponseWriter, r *http.Request, name string, mode http.SameSite) (T, error) {
	var c content[T]
	found := r.CookiesNamed(name)
	if len(found) > 0 {
		http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: mode})
	}
	if len(found) != 1 {
		return c.Value, errCookie
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(found[0].Value)
	if err != nil {
		return c.Value, errCookie
	}
	plain, err := s.aead.Open(nil, nil, text, []byte(name))
	if err != nil || json.Unmarshal(plain, &c) != nil || !s.now().Before(c.Expires) {
		var none T
		return none, errCookie
	}
	return c.Value, nil
}
