package quota

import (
	"context"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/redis/go-redis/v9"
)

const (
	// lockFor is the time in which wrong passwords are counted, from the first on, and after which it begins anew.
	lockFor = 15 * time.Minute
	// anywhere is how many times as many wrong passwords an account takes from all addresses together.
	anywhere = 5
	// knownFor is how long an address is known from which somebody has signed in.
	knownFor = 30 * 24 * time.Hour
	// refreshes is how many times as often an address may refresh sessions as it may sign in: many browsers may be
	// behind it, and a refresh token cannot be guessed.
	refreshes = 10
	// countLimit bounds how long Redis may take to answer.
	countLimit = 800 * time.Millisecond
)

// Kind is what somebody tries.
type Kind string

// The kinds. Each is counted by itself.
const (
	SignIn           Kind = "sign_ins"
	AcceptInvitation Kind = "invitations"
	Refresh          Kind = "refreshes"
	Client           Kind = "clients" // a client of OAuth that says who it is
)

// LimitAccount is the name of the limit on wrong passwords of one account; those on attempts from one address are
// named as their kinds are.
const LimitAccount = "sign_in_failures"

// LimitNames are the names of the limits that this package keeps.
func LimitNames() []string {
	return []string{
		LimitBudget, LimitRunning, LimitSessionRunning, LimitLarge, LimitAccount, string(SignIn), string(AcceptInvitation), string(Refresh), string(Client),
	}
}

// Attempts counts attempts to prove who one is, in Redis, for all gateways together. It may be shared.
//
// An account is locked for an address after some wrong passwords from there, and for all addresses after some more
// from anywhere; but not for one from which somebody has signed in to it lately: whoever knows an e-mail address
// could otherwise lock its owner out. What is counted is the address as it was typed, whether it has an account or
// not, so that a lock does not tell.
type Attempts struct {
	shared     Shared
	now        func() time.Time
	perAddress int
	failures   int
	exceeded   func(limit string)
}

// NewAttempts makes a count: of each kind an address has so many attempts in a minute (ten times as many refreshes),
// and an account so many wrong passwords from one address in 15 minutes. exceeded is told of what is refused; now is
// the clock, time.Now outside of tests.
func NewAttempts(shared Shared, perAddress, failures int, exceeded func(limit string), now func() time.Time) *Attempts {
	return &Attempts{shared: shared, now: now, perAddress: perAddress, failures: failures, exceeded: exceeded}
}

// Address counts an attempt of the address that ctx's request comes from. RATE_LIMITED says that there were too many,
// SERVICE_UNAVAILABLE that it cannot be counted.
func (a *Attempts) Address(ctx context.Context, kind Kind) error {
	most := a.perAddress
	if kind == Refresh {
		most *= refreshes
	}
	wait, err := a.count(ctx, addressScript, []string{a.shared.name(string(kind), a.from(ctx))}, most, time.Minute.Milliseconds())
	if err != nil || wait == 0 {
		return err
	}
	a.exceeded(string(kind))
	return &problem.Error{
		Code: problem.RateLimited, Limit: string(kind), Most: most, RetryAfter: wait,
		Message: "There were too many attempts from this address. Try again later.",
	}
}

// Account counts an attempt to sign in to an account, which is taken for a failed one until Succeeded is called.
// RATE_LIMITED says that the account is locked for this address, with the same words whether there is such an account
// or not; SERVICE_UNAVAILABLE that it cannot be counted.
func (a *Attempts) Account(ctx context.Context, account string) error {
	wait, err := a.count(ctx, accountScript, a.keys(ctx, account), a.failures, a.failures*anywhere, lockFor.Milliseconds())
	if err != nil || wait == 0 {
		return err
	}
	a.exceeded(LimitAccount)
	return &problem.Error{
		Code: problem.RateLimited, Limit: LimitAccount, Most: a.failures, RetryAfter: wait,
		Message: "There were too many attempts to sign in to this account. Try again later.",
	}
}

// Succeeded says that the last attempt that was counted for an account was a good one: the wrong ones before it, from
// the same address, are forgotten, and the address is known from now on. SERVICE_UNAVAILABLE says that this could not
// be noted.
func (a *Attempts) Succeeded(ctx context.Context, account string) error {
	_, err := a.count(ctx, succeededScript, a.keys(ctx, account), knownFor.Milliseconds())
	return err
}

// keys are where the failures from this address are, those from anywhere, and whether the address is known.
func (a *Attempts) keys(ctx context.Context, account string) []string {
	account = strings.ToLower(strings.TrimSpace(account))
	return []string{
		a.shared.name("failures", a.from(ctx), account), a.shared.name("failures", "anywhere", account), a.shared.name("known", a.from(ctx), account),
	}
}

func (a *Attempts) from(ctx context.Context) string {
	if r := requestOf(ctx); r != nil {
		return neighbourhood(r.address).String()
	}
	return "" // all that is not a request together
}

// count runs a script with the time and args. It returns how long to wait, nothing for whoever may go on.
func (a *Attempts) count(ctx context.Context, script *redis.Script, keys []string, args ...any) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, countLimit)
	defer cancel()
	wait, err := script.Run(ctx, a.shared.Redis, keys, append([]any{a.now().UnixMilli()}, args...)...).Int64()
	if err != nil {
		return 0, unavailable(err)
	}
	return time.Duration(wait) * time.Millisecond, nil
}

// Times are milliseconds since 1970 by the gateway's clock and decide; that keys expire only clears them away.
const counting = `
local NOW = tonumber(ARGV[1])

-- wait is how long a counter that has reached its figure stays there, and 0 for one that has not.
local function wait(key, most)
	local n, ends = unpack(redis.call('HMGET', key, 'n', 'ends'))
	if not ends or tonumber(ends) <= NOW or tonumber(n) < tonumber(most) then return 0 end
	return tonumber(ends) - NOW
end

-- add counts one more, in a new time when the old one is over.
local function add(key, time)
	local ends = redis.call('HGET', key, 'ends')
	if not ends or tonumber(ends) <= NOW then
		redis.call('HSET', key, 'n', 0, 'ends', string.format('%.0f', NOW + tonumber(time)))
		redis.call('PEXPIRE', key, time)
	end
	redis.call('HINCRBY', key, 'n', 1)
end
`

var addressScript = redis.NewScript(counting + `
local most, time = ARGV[2], ARGV[3]
local left = wait(KEYS[1], most)
if left == 0 then add(KEYS[1], time) end
return left
`)

var accountScript = redis.NewScript(counting + `
local here, anywhere, time = ARGV[2], ARGV[3], ARGV[4]
local left = wait(KEYS[1], here)
if left == 0 and redis.call('EXISTS', KEYS[3]) == 0 then left = wait(KEYS[2], anywhere) end
if left == 0 then
	add(KEYS[1], time)
	add(KEYS[2], time)
end
return left
`)

var succeededScript = redis.NewScript(counting + `
redis.call('DEL', KEYS[1])
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('HINCRBY', KEYS[2], 'n', -1) end
redis.call('SET', KEYS[3], 1, 'PX', ARGV[2])
return 0
`)
