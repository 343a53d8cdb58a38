package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

const (
	maxFriendlyName   = 64  // characters
	maxIdempotencyKey = 255 // characters
	secretLength      = 32
)

// CreateAPIKey makes an API key for the account and gives it with its position in the
// list and its secret, of which only a hash is kept. A call that repeats an earlier one, by the same principal with the same
// idempotency key and name, gives the earlier one's key and no secret: NOT_FOUND if that
// has been deleted since. With another name it is a CONFLICT. A name or idempotency key
// that is empty or too long, or has a control character, is BAD_USER_INPUT.
func (s *Store) CreateAPIKey(
	ctx context.Context, scope upstream.Scope, n upstream.NewAPIKey,
) (key *model.APIKey, position []string, secret *string, err error) {
	if scope.Account() == "" {
		return nil, nil, nil, problem.Missing()
	}
	if err := checkFriendlyName(n.FriendlyName); err != nil {
		return nil, nil, nil, err
	}
	if n.Idempotency != nil {
		if err := checkText(n.Idempotency.Key, maxIdempotencyKey, "idempotencyKey"); err != nil {
			return nil, nil, nil, err
		}
	}
	err = s.Transact(ctx, func(tx *sql.Tx) error {
		fresh := newSID("SK")
		sid, err := s.claim(ctx, tx, scope.Account(), "createApiKey", n.FriendlyName, n.Idempotency, fresh)
		if err != nil {
			return err
		}
		secret = nil // that of an attempt before this one
		if sid == fresh {
			made := newSecret()
			if err := s.insertAPIKey(ctx, tx, scope.Account(), sid, n.FriendlyName, made); err != nil {
				return err
			}
			secret = &made
		}
		key, position, err = locate(ctx, s, tx, &s.apiKeys, scope, sid)
		return err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	return key, position, secret, nil
}

func (s *Store) insertAPIKey(ctx context.Context, tx *sql.Tx, account, sid, friendlyName, secret string) error {
	sum := sha256.Sum256([]byte(secret))
	now := micros(s.now())
	st := new(statement)
	st.write("INSERT INTO api_keys (sid, account_sid, friendly_name, secret_hash, date_created, date_updated) VALUES (",
		st.arg(sid), ", ", st.arg(account), ", ", st.arg(friendlyName), ", ", st.arg(hex.EncodeToString(sum[:])), ", ",
		st.arg(now), ", ", st.arg(now), ")")
	if _, err := s.exec(ctx, tx, st); err != nil {
		return failed(ctx, "making an API key", err)
	}
	return nil
}

// newSID is a new SID: the prefix of its type and 128 random bits.
func newSID(prefix string) string {
	var random [16]byte
	rand.Read(random[:]) // never fails
	return prefix + hex.EncodeToString(random[:])
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

func checkFriendlyName(name string) error {
	return checkText(name, maxFriendlyName, "friendlyName")
}

// checkText checks a text of a mutation's input: 1 to most characters, none of them a
// control character.
func checkText(value string, most int, field string) error {
	if n := utf8.RuneCountInString(value); strings.TrimSpace(value) == "" || n > most {
		return problem.Input(fmt.Sprintf("%s has 1 to %d characters.", field, most), "input", field)
	}
	if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return problem.Input(field+" has no control characters.", "input", field)
	}
	return nil
}
