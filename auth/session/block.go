package session

import (
	"context"
	"errors"
	"time"
)

// Block holds the user's sessions back because their roles are about to change, for ttl at most: Lookup, Create and
// Rotate answer ErrBlocked. It is to be called inside the SQL transaction that changes the roles, once the user's row is
// locked, so that two changes cannot overtake each other; ttl must be longer than that transaction can take. The
// generation that is returned is for Reconcile and belongs into the outbox row.
//
// When nobody reconciles, the sessions stay ErrStale after ttl until they are refreshed, which reads the roles from SQL.
func (s *Store) Block(ctx context.Context, user string, ttl time.Duration) (generation int64, err error) {
	if !isUser(user) || ttl < time.Millisecond {
		return 0, errors.New("session: a block needs a user and a time")
	}
	reply, err := s.run(ctx, blockScript, user, millis(s.now().Add(ttl)), ttl.Milliseconds(), (s.lifetime + ttl).Milliseconds())
	if err != nil {
		return 0, err
	}
	return number(reply, 0)
}

var blockScript = script(`
local user, deadline, ttl, lifetime = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
log('block', user, '')
local generation = renew(user, lifetime)
redis.call('SET', block_key(user), deadline, 'PX', ttl)
return {'ok', generation}
`)

// Reconcile ends what Block began, after the commit: it writes the roles into each of the user's sessions, starts a new
// generation, so that roles read before are refused, and lifts the block. Tokens with the old roles are then stale.
// With no roles the sessions end instead. generation is the one Block returned. ErrStale says that a later change has come since, or that this one is done
// already: whoever made that change reconciles, and there is nothing left to do here.
func (s *Store) Reconcile(ctx context.Context, user string, generation int64, roles []string, policy string) error {
	if !isUser(user) {
		return errors.New("session: nobody to reconcile")
	}
	encoded, err := encodeRoles(roles)
	if err != nil {
		return err
	}
	_, err = s.run(ctx, reconcileScript, user, generation, encoded, policy, s.lifetime.Milliseconds())
	return err
}

// A generation that is lower than expected means that Redis has lost what it knew: the sessions there are were made
// since, perhaps with the old roles, so they are written like any. A block that stands then is another change's, which
// tells the sessions itself.
var reconcileScript = script(`
local user, expected, roles, policy, lifetime = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local current = tonumber(redis.call('GET', generation_key(user)) or '0')
if current > tonumber(expected) then return {'stale'} end
if current < tonumber(expected) and redis.call('EXISTS', block_key(user)) == 1 then return {'stale'} end
log(roles == '[]' and 'end' or 'roles', user, '')
redis.call('SET', generation_key(user), expected)
local generation = renew(user, lifetime)
for _, sid in ipairs(redis.call('ZRANGE', index_key(user), 0, -1)) do
	if roles == '[]' then
		redis.call('DEL', session_key(sid), used_key(sid))
	elseif live(sid) then
		redis.call('HSET', session_key(sid), 'roles', roles, 'policy', policy, 'generation', string.format('%.0f', generation))
	end
end
redis.call('DEL', block_key(user))
if roles == '[]' then redis.call('DEL', index_key(user)) end
return {'ok'}
`)
