// Package quota bounds how much callers may do in a time and at once: what their operations cost, how many run, and
// how often somebody tries to sign in. What counts in all gateways together is kept in Redis, under keys of our own
// prefix and with nothing personal in them: accounts and addresses are there by a keyed hash.
//
// Go-redis' redis_rate was looked at. Its keys begin with a word of its own, so that in a cluster they would lie in
// other slots than ours, and it asks Redis at each request.
package quota

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/redis/go-redis/v9"
)

// keyPrefix has the hash tag of all our keys, so that a script finds them in one slot of a cluster.
const keyPrefix = "{fieldgate}:"

// Shared is what gateways have in common that share their limits.
type Shared struct {
	Redis redis.UniversalClient
	// Secret is the key under which accounts and addresses are hashed, 32 random bytes.
	Secret []byte
}

// name is a key of Redis. The parts of who are hashed.
func (s Shared) name(kind string, who ...string) string {
	h := hmac.New(sha256.New, s.Secret)
	h.Write([]byte(strings.Join(who, "\x00"))) // addresses have no zero byte, and the account comes last
	return keyPrefix + kind + ":" + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// errAnswer says that Redis answered with something else than the script returns.
var errAnswer = errors.New("quota: an answer of another form")

// unavailable is what a caller is told when Redis does not answer.
func unavailable(err error) error {
	return &problem.Error{Code: problem.Unavailable, Message: "The gateway cannot count requests right now. Try again in a moment.", Cause: err}
}
