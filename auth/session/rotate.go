package session

import (
	"context"
	"crypto/subtle"
	"errors"
)

// usedKept is how often a session can be refreshed. It remembers every token that was used; a client that refreshes when
// its access token expires needs some seventy in a session's whole life.
const usedKept = 256

// Redeem returns the session that a refresh token belongs to and leaves the token as it is: the caller reads the user's
// Generation and roles, and then calls Rotate. ErrReused says that the token had been used before, and that its session
// has been ended, and then it is returned as it was; ErrNotFound that the token is of no live session, which changes nothing.
func (s *Store) Redeem(ctx context.Context, refreshToken string) (Session, error) {
	sid, hash, ok := parseRefresh(refreshToken)
	if !ok {
		return Session{}, ErrNotFound
	}
	reply, err := s.run(ctx, redeemScript, sid, hash)
	if errors.Is(err, ErrReused) && len(reply) > 0 {
		ended, _, _ := decode(reply[0])
		return ended, err
	}
	if err != nil {
		return Session{}, err
	}
	found, fields, err := decode(reply[0])
	if err != nil {
		return Session{}, err
	}
	if subtle.ConstantTimeCompare([]byte(fields["refresh"]), []byte(hash)) != 1 {
		return Session{}, ErrNotFound
	}
	return found, nil
}

var redeemScript = script(`
local session, flat, ended = presented(ARGV[3], ARGV[4])
if not session then return {flat, ended} end
return {'ok', flat}
`)

// Rotate replaces a refresh token by a new one and writes the roles, as they were read under generation, into its
// session. Errors are those of Redeem, and ErrStale or ErrBlocked when the generation has moved or the user is blocked;
// the token is then still good.
//
// Of many calls with one token at most one succeeds, and every later one ends the session with ErrReused, the winner's
// new token included: the store cannot tell a thief from a client that sends its token twice (RFC 9700, section
// 4.14.2). A client must therefore refresh in one place at a time. For the same reason no used token is ever forgotten,
// or a thief could refresh until the stolen token's owner is no longer recognised: a session that has been refreshed
// usedKept times ends instead, with ErrNotFound.
func (s *Store) Rotate(ctx context.Context, refreshToken string, roles []string, policy string, generation int64) (Session, string, error) {
	sid, hash, ok := parseRefresh(refreshToken)
	if !ok {
		return Session{}, "", ErrNotFound
	}
	encoded, err := encodeRoles(roles)
	if err != nil {
		return Session{}, "", err
	}
	token, next := newRefresh(sid)
	now := s.now()
	reply, err := s.run(ctx, rotateScript, sid, hash, next, encoded, policy, generation,
		millis(now.Add(s.idle)), s.lifetime.Milliseconds(), usedKept)
	if err != nil {
		return Session{}, "", err
	}
	rotated, _, err := decode(reply[0])
	if err != nil {
		return Session{}, "", err
	}
	return rotated, token, nil
}

// The log entry is for roles or a policy that changed without Block, as after a restart with another matrix, and for a session
// that ends sooner than it would have, as after one with another Options.Idle.
var rotateScript = script(`
local sid, hash, next, roles, policy, expected = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local deadline, lifetime, kept = ARGV[9], ARGV[10], ARGV[11]
local session, why = presented(sid, hash)
if not session then return {why} end
local held = held_back(session.user, expected)
if held then return {held} end
if redis.call('ZCARD', used_key(sid)) >= tonumber(kept) then
	finish(sid, session)
	return {'none'}
end
if tonumber(session['end']) < tonumber(deadline) then deadline = session['end'] end
if session.roles ~= roles or session.policy ~= policy or tonumber(deadline) < tonumber(session.deadline) then
	log('roles', session.user, sid)
end
redis.call('ZADD', used_key(sid), ARGV[2], hash)
redis.call('HSET', session_key(sid), 'refresh', next, 'roles', roles, 'policy', policy, 'generation', expected,
	'seen', ARGV[2])
keep(sid, session.user, deadline, lifetime)
return {'ok', redis.call('HGETALL', session_key(sid))}
`)
