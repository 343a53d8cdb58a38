package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// refreshSize is the length of every refresh token: a session id, a dot and 32 random bytes in base64url.
const refreshSize = 32 + 1 + 43

// newRefresh returns a refresh token for a session and the hash that is kept of it.
func newRefresh(sid string) (token, hash string) {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	return sid + "." + base64.RawURLEncoding.EncodeToString(secret), hashSecret(secret)
}

// parseRefresh returns the session that a refresh token names and the hash of its secret. ok is false for a text of any
// other form, so that nothing else is taken to Redis. A token has one spelling only: the strict decoder refuses bits
// beyond the last byte, and the exact length leaves no room for the line breaks it would skip.
func parseRefresh(token string) (sid, hash string, ok bool) {
	if len(token) != refreshSize {
		return "", "", false
	}
	sid, text, _ := strings.Cut(token, ".")
	if !IsID(sid) {
		return "", "", false
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(secret) != 32 {
		return "", "", false
	}
	return sid, hashSecret(secret), true
}

// hashSecret is plain SHA-256: 256 random bits need neither salt nor slowness.
func hashSecret(secret []byte) string {
	sum := sha256.Sum256(secret)
	return hex.EncodeToString(sum[:])
}
