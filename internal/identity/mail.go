package identity

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"time"

	"github.com/fieldgate/fieldgate/graph/model"
)

// Mail is a mail in the outbox, to someone who was invited. It is there until it was sent, and goes with its invitation.
type Mail struct {
	TokenHash string // what it is known by
	Sealed    string // the token for its link: see Sealer.Open; "" for none
	To, Name  string // Name is "" where it is not known
	Roles     []model.Role
	Account   string // the account's name
	Expires   time.Time
}

// Sealer encrypts the tokens that wait in the outbox, so that who reads the database accepts no invitation: AES-256-GCM,
// bound to the hash of the token.
type Sealer struct{ keys []cipher.AEAD }

// NewSealer makes a sealer that seals with the first of these keys of 32 bytes and opens with any.
func NewSealer(keys ...[]byte) (*Sealer, error) {
	if len(keys) == 0 {
		return nil, errors.New("identity: no key to seal with")
	}
	s := &Sealer{}
	for _, key := range keys {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		s.keys = append(s.keys, aead)
	}
	return s, nil
}

func (s *Sealer) seal(token, tokenHash string) string {
	return base64.RawStdEncoding.EncodeToString(s.keys[0].Seal(nil, nil, []byte(token), []byte(tokenHash)))
}

// Open is the token of a mail. Its error says that it was sealed under another key, or for another invitation.
func (s *Sealer) Open(m Mail) (string, error) {
	sealed, err := base64.RawStdEncoding.DecodeString(m.Sealed)
	for _, key := range s.keys {
		if err != nil {
			break
		}
		if token, err := key.Open(nil, nil, sealed, []byte(m.TokenHash)); err == nil {
			return string(token), nil
		}
	}
	return "", errors.New("identity: a mail's token was sealed under a key that is not here any more")
}
