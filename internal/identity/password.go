package identity

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/fieldgate/fieldgate/internal/problem"
)

// The cost of a new hash: argon2id with 19 MiB, two passes and one lane, which is
// OWASP's first recommendation (Password Storage Cheat Sheet).
const (
	hashMemory = 19 << 10 // KiB
	hashPasses = 2
	hashLanes  = 1
	saltSize   = 16
	keySize    = 32
)

// What a PHC string may ask for. A hash from elsewhere may cost more than ours, but
// not so much that checking it stops the gateway.
const (
	maxHashMemory = 128 << 10 // KiB
	maxHashPasses = 10
	maxHashLanes  = 4
	maxPHC        = 512 // bytes
)

// Sizes of a password in bytes. At sign-in a longer one is looked at than can be set,
// so that these limits can change.
const (
	minPassword    = 8
	maxPassword    = 256
	maxPasswordTry = 1 << 10
)

var errPHC = errors.New("identity: not an argon2id hash that can be used")

// Hash returns the PHC string of a new password's argon2id hash (RFC 9106), with a
// random salt: "$argon2id$v=19$m=19456,t=2,p=1$salt$hash". It takes 19 MiB and some
// twenty milliseconds of one processor. A password of fewer than 8 or more than 256
// bytes is BAD_USER_INPUT at input.password.
func Hash(password string) (string, error) {
	if err := CheckPassword(password); err != nil {
		return "", err
	}
	return hash(password), nil
}

// CheckPassword tells whether a password may be set: see Hash.
func CheckPassword(password string) error {
	if len(password) < minPassword || len(password) > maxPassword {
		return problem.Input(
			fmt.Sprintf("A password has %d to %d bytes.", minPassword, maxPassword), "input", "password")
	}
	return nil
}

func hash(password string) string {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails
	h := phc{memory: hashMemory, passes: hashPasses, lanes: hashLanes, salt: salt}
	h.key = h.derive(password, keySize)
	return h.String()
}

// Verify tells whether the password is the one that a PHC string was made of. A
// string that is not of argon2id, version 19, or asks for more work than is
// reasonable, is an error and no match.
func Verify(password, encoded string) (bool, error) {
	h, err := parsePHC(encoded)
	if err != nil {
		return false, err
	}
	if len(password) > maxPasswordTry {
		return false, nil
	}
	return subtle.ConstantTimeCompare(h.derive(password, uint32(len(h.key))), h.key) == 1, nil
}

// phc is a PHC string taken apart (github.com/P-H-C/phc-string-format).
type phc struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
	salt   []byte
	key    []byte
}

func (h phc) derive(password string, size uint32) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.passes, h.memory, h.lanes, size)
}

func (h phc) String() string {
	text := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.memory, h.passes, h.lanes, text.EncodeToString(h.salt), text.EncodeToString(h.key))
}

// parsePHC reads a PHC string in the one spelling that String gives it. Its error
// never quotes the string.
func parsePHC(encoded string) (phc, error) {
	parts := strings.Split(encoded, "$")
	if len(encoded) > maxPHC || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" ||
		parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errPHC
	}
	costs := strings.Split(parts[3], ",")
	if len(costs) != 3 {
		return phc{}, errPHC
	}
	memory, okM := cost(costs[0], "m=", maxHashMemory)
	passes, okT := cost(costs[1], "t=", maxHashPasses)
	lanes, okP := cost(costs[2], "p=", maxHashLanes)
	// Argon2 needs eight blocks of memory for each lane.
	if !okM || !okT || !okP || memory < 8*lanes {
		return phc{}, errPHC
	}
	salt, err := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	if err != nil || len(salt) < 8 || len(salt) > 64 {
		return phc{}, errPHC
	}
	key, err := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if err != nil || len(key) < 16 || len(key) > 64 {
		return phc{}, errPHC
	}
	h := phc{memory: memory, passes: passes, lanes: uint8(lanes), salt: salt, key: key}
	if h.String() != encoded {
		return phc{}, errPHC
	}
	return h, nil
}

// cost reads one parameter, from 1 to limit.
func cost(text, name string, limit uint32) (uint32, bool) {
	digits, named := strings.CutPrefix(text, name)
	n, err := strconv.ParseUint(digits, 10, 32)
	if !named || err != nil || n < 1 || n > uint64(limit) {
		return 0, false
	}
	return uint32(n), true
}
