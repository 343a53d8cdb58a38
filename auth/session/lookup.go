package session

import (
	"context"
	"errors"
)

// Lookup returns the session sid of a user or a client. ErrNotFound says that it is over or another's, ErrBlocked that the
// user's roles are being changed, ErrStale that they have been and the session must be refreshed. It notes, at most once a
// minute, that the session was seen. The roles are shared and must not be changed.
//
// With a lease it asks Redis for what it does not know yet. What it does, it may have from a minute ago, and so may Expires and
// Seen be; but whoever ends a session or changes its roles is answered only when it does not say yes any more.
func (s *Store) Lookup(ctx context.Context, holder, sid string) (Session, error) {
	return s.find(ctx, holder, sid, (*Store).ask)
}

// asker asks Redis for a session.
type asker func(s *Store, ctx context.Context, holder, sid string) (Session, error)

// find finds a session in the cache, or asks for it.
func (s *Store) find(ctx context.Context, holder, sid string, ask asker) (Session, error) {
	f := s.follower
	if f.cache == nil {
		return ask(s, ctx, holder, sid)
	}
	now := s.now()
	if !f.holds(now) {
		return s.catchUp(ctx, holder, sid, ask)
	}
	if k := f.cache.find(holder, sid, now); k != nil {
		return k.Session, nil
	}
	return s.learn(ctx, holder, sid, ask)
}

// catchUp is find when the lease is out.
func (s *Store) catchUp(ctx context.Context, holder, sid string, ask asker) (Session, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	f := s.follower
	fresh, err := f.renew(ctx)
	if err != nil {
		return Session{}, err
	}
	if now := s.now(); fresh || f.holds(now) {
		if k := f.cache.find(holder, sid, now); k != nil {
			return k.Session, nil
		}
	}
	return s.learn(ctx, holder, sid, ask)
}

// learn asks Redis for a session and keeps the answer.
func (s *Store) learn(ctx context.Context, holder, sid string, ask asker) (Session, error) {
	cache := s.follower.cache
	number := cache.count.Load()
	found, err := ask(s, ctx, holder, sid)
	switch {
	case err == nil:
		cache.put(found, number, s.now())
	case !errors.Is(err, ErrUnavailable):
		cache.remove(holder, sid)
	}
	return found, err
}

// ask asks Redis for a session, in one round trip.
func (s *Store) ask(ctx context.Context, holder, sid string) (Session, error) {
	if !isUser(holder) || !IsID(sid) {
		return Session{}, ErrNotFound
	}
	reply, err := s.run(ctx, lookupScript, sid, holder)
	if err != nil {
		return Session{}, err
	}
	found, _, err := decode(reply[0])
	return found, err
}

// A Redis whose memory is full cannot note that a session was seen; that alone is no reason to refuse it. Any other
// error is, such as that of a replica, which may be behind.
var lookupScript = script(`
local sid = ARGV[3]
local session, flat = live(sid)
if not session or holder(session) ~= ARGV[4] then return {'none'} end
local held = held_back(session.user, session.generation)
if held then return {held} end
if NOW - tonumber(session.seen) >= 60000 then
	local noted = redis.pcall('HSET', session_key(sid), 'seen', ARGV[2])
	if type(noted) == 'table' and noted.err and not string.find(noted.err, 'OOM', 1, true) then return noted end
	flat = redis.call('HGETALL', session_key(sid))
end
return {'ok', flat}
`)

// List returns the live sessions of a user, or of a client, those that end first before the others. Who has none has an
// empty list; a user's has none of their clients'.
func (s *Store) List(ctx context.Context, user string) ([]Session, error) {
	if !isUser(user) {
		return nil, nil
	}
	reply, err := s.run(ctx, listScript, user)
	if err != nil {
		return nil, err
	}
	sessions := make([]Session, 0, len(reply))
	for _, record := range reply {
		found, _, err := decode(record)
		if err != nil {
			return nil, err
		}
		sessions = append(sessions, found)
	}
	return sessions, nil
}

var listScript = script(`
local found = {'ok'}
for _, sid in ipairs(redis.call('ZRANGE', index_key(ARGV[3]), 0, -1)) do
	local session, flat = live(sid)
	if session then found[#found + 1] = flat end
end
return found
`)
