package identity

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// queue is how many passwords may wait for each that is being hashed: the last of them for about two seconds, where
// there is not much else to do. Whoever comes then need not wait to hear that there are too many.
const queue = 64

// Service checks passwords and changes roles. It may be shared.
type Service struct {
	users    Users
	sessions Sessions
	matrix   *policy.Matrix
	version  string
	log      *slog.Logger
	now      func() time.Time

	// hashing has a slot for each password that may be hashed at the same time.
	hashing chan struct{}
	// waiting is how many wait for one.
	waiting  atomic.Int64
	attempts Attempts
	// nobody is the hash of a password that no one knows, for users that do not exist.
	nobody string
	// mailing says how people are invited; nil where nobody is.
	mailing *Mailing
	// trust says how long an issuer's people may leave their clients to themselves; nil where none is known.
	trust Trust
}

// Trust says for how long what an issuer has said of someone is enough for the clients that they have made. known is
// false for an issuer that is not configured any more.
type Trust func(issuer string) (longest time.Duration, known bool)

// Trust has the clients of other issuers' people let in from now on; without it none are. It is called before the service
// is used.
func (s *Service) Trust(t Trust) { s.trust = t }

// NewService makes a service on users and their sessions. matrix says what each role
// holds and policyVersion names it and the rules in force, as the sessions do. It
// hashes one password and so takes some milliseconds.
func NewService(users Users, sessions Sessions, matrix *policy.Matrix, policyVersion string, log *slog.Logger) *Service {
	return &Service{
		users: users, sessions: sessions, matrix: matrix, version: policyVersion, log: log, now: time.Now,
		hashing: make(chan struct{}, runtime.GOMAXPROCS(0)),
		nobody:  hash(rand.Text()),
	}
}

// Attempts counts attempts to sign in. Its errors are *problem.Error.
type Attempts interface {
	// Account counts an attempt to sign in to an account, by the e-mail address that was typed, or refuses it.
	Account(ctx context.Context, email string) error
	// Succeeded says that the last attempt to be counted was a good one.
	Succeeded(ctx context.Context, email string) error
}

// Limit has attempts to sign in counted from now on. It is called before the service is used.
func (s *Service) Limit(a Attempts) { s.attempts = a }

// HashPassword is Hash with its place in the queue: as many passwords are hashed at
// once as there are processors, so that a flood of sign-ins takes a bounded amount of
// memory. SERVICE_UNAVAILABLE says that ctx ended before the turn came, or that as many
// wait as may.
func (s *Service) HashPassword(ctx context.Context, password string) (string, error) {
	if err := s.enter(ctx); err != nil {
		return "", err
	}
	defer s.leave()
	return Hash(password)
}

// verify is Verify with its place in the queue. Whether the account is locked is looked at when the turn comes, so that
// of many attempts at once no more are made than are allowed.
func (s *Service) verify(ctx context.Context, email, password, encoded string) (bool, error) {
	if err := s.enter(ctx); err != nil {
		return false, err
	}
	defer s.leave()
	if s.attempts == nil {
		return Verify(password, encoded)
	}
	if err := s.attempts.Account(ctx, email); err != nil {
		return false, err
	}
	return Verify(password, encoded)
}

func (s *Service) enter(ctx context.Context) error {
	busy := &problem.Error{
		Code: problem.Unavailable, RetryAfter: time.Second, Message: "Too many people are signing in right now. Try again in a moment.",
	}
	select {
	case s.hashing <- struct{}{}:
		return nil
	default:
	}
	defer s.waiting.Add(-1)
	if s.waiting.Add(1) > int64(queue*cap(s.hashing)) {
		return busy
	}
	select {
	case s.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		busy.Cause = ctx.Err()
		return busy
	}
}

func (s *Service) leave() { <-s.hashing }

// wrongPassword is one answer for whoever cannot sign in, so that it does not tell
// which addresses have an account.
func wrongPassword() error {
	return problem.New(problem.Unauthenticated, "E-mail address or password is wrong.")
}

// Authenticate returns the user with this e-mail address if the password is theirs,
// and notes that they signed in. Any other address or password is UNAUTHENTICATED,
// after the same work and with the same words. RATE_LIMITED says that there were too many
// attempts before, and SERVICE_UNAVAILABLE that others' passwords were being checked and ctx ended
// meanwhile or too many were waiting, or that attempts cannot be counted.
func (s *Service) Authenticate(ctx context.Context, email, password string) (Member, error) {
	if len(password) > maxPasswordTry {
		return Member{}, wrongPassword()
	}
	found, err := s.users.CredentialOf(ctx, email)
	if err != nil && problem.CodeOf(err) != problem.NotFound {
		return Member{}, fmt.Errorf("identity: finding who signs in: %w", err)
	}
	// Who comes from another issuer has no password.
	known := err == nil && found.PasswordHash != ""
	encoded := s.nobody
	if known {
		encoded = found.PasswordHash
	}
	matches, err := s.verify(ctx, email, password, encoded)
	if err != nil {
		return Member{}, fmt.Errorf("identity: checking a password: %w", err)
	}
	if !known || !matches {
		if known {
			audit.From(ctx).Concerns(found.Account, found.SID)
		}
		return Member{}, wrongPassword()
	}
	if s.attempts != nil {
		if err := s.attempts.Succeeded(ctx, email); err != nil {
			return Member{}, fmt.Errorf("identity: noting that a password was right: %w", err)
		}
	}
	if err := s.users.SignedIn(ctx, found.SID, s.now()); err != nil {
		s.log.WarnContext(ctx, "the time of a sign-in was not noted", "error", err)
	}
	return found.Member, nil
}
