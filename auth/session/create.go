package session

import (
	"context"
	"crypto/rand"
	"errors"
	"time"
)

// Create stores a new session and returns it with its refresh token, which is not kept and cannot be had again. It
// makes the epoch when there is none, so that sign-in works at once on an emptied Redis. ErrStale says that the user's
// generation is not n.Generation, ErrBlocked that their roles are being changed: read both anew and retry.
func (s *Store) Create(ctx context.Context, n NewSession) (Session, string, error) {
	if !isUser(n.User) {
		return Session{}, "", errors.New("session: a session needs a user")
	}
	roles, err := encodeRoles(n.Roles)
	if err != nil {
		return Session{}, "", err
	}
	now := s.now()
	end := now.Add(s.lifetime)
	if !n.Until.IsZero() && n.Until.Before(end) {
		end = n.Until
	}
	if !end.After(now) {
		return Session{}, "", errors.New("session: the session would be over before it begins")
	}
	deadline := earlier(end, now.Add(s.idle))
	sid := newID()
	token, hash := newRefresh(sid)
	reply, err := s.run(ctx, createScript,
		sid, n.User, n.Generation, rand.Text(), millis(deadline), s.lifetime.Milliseconds(), MaxPerUser,
		"account", n.Account, "roles", roles, "policy", n.Policy, "client", shorten(n.Client), "refresh", hash,
		"created", millis(now), "seen", millis(now), "end", millis(end))
	if err != nil {
		return Session{}, "", err
	}
	made, _, err := decode(reply[0])
	if err != nil {
		return Session{}, "", err
	}
	return made, token, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// MaxPerUser is how many sessions a user has at most; a new one ends the one that would end first. What is done to all of a user's sessions, such as a change of
// roles, holds up Redis while it is done.
const MaxPerUser = 100

var createScript = script(`
local sid, user, expected, epoch, deadline, lifetime, kept = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local held = held_back(user, expected)
if held then return {held} end
redis.call('SET', EPOCH, epoch, 'NX')
for _, first in ipairs(redis.call('ZRANGE', index_key(user), 0, -tonumber(kept))) do finish(first, {user = user}) end
redis.call('HSET', session_key(sid), 'id', sid, 'user', user, 'generation', expected,
	'epoch', redis.call('GET', EPOCH), unpack(ARGV, 10))
keep(sid, user, deadline, lifetime)
return {'ok', redis.call('HGETALL', session_key(sid))}
`)
