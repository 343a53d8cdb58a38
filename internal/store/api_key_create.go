package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

const (
	maxIdempotencyKey = 255 // characters
	secretLength      = 32
)

// CreateAPIKey makes an API key for the account, with a secret of which only a hash is kept.
// A name or idempotency key that is empty or too long, or has a control character, is BAD_USER_INPUT.
func (s *Store) CreateAPIKey(ctx context.Context, c upstream.Change, n model.CreateAPIKeyInput) (upstream.Made[model.APIKey], error) {
	secret := newSecret()
	made, err := create(ctx, s, c, &s.apiKeys, creation{prefix: "SK", key: n.IdempotencyKey, input: n, columns: func(*sql.Tx) (columns, error) {
		var in input
		in.text("friendlyName", "friendly_name", n.FriendlyName, check.Name)
		in.add("", "secret_hash", hashOf(secret))
		return in.done()
	}})
	if made.Fresh {
		made.Secret = &secret
	}
	return made, err
}

// hashOf is what is kept of a secret: its SHA-256 in hexadecimal. A slow hash is for what can be guessed, and no secret that
// is made here can.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// newSID is a new SID: the prefix of its type and 128 random bits.
func newSID(prefix string) string { return prefix + randomHex() }

// randomHex is 128 random bits in hexadecimal.
func randomHex() string {
	var random [16]byte
	rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}

// newSecret is a new secret of letters and digits, of some 190 random bits.
func newSecret() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	const fair = 256 - 256%len(letters) // bytes from here on would favour some letters
	secret := make([]byte, 0, secretLength)
	for len(secret) < secretLength {
		var random [2 * secretLength]byte
		rand.Read(random[:]) // never fails
		for _, b := range random {
			if int(b) < fair && len(secret) < secretLength {
				secret = append(secret, letters[int(b)%len(letters)])
			}
		}
	}
	return string(secret)
}
