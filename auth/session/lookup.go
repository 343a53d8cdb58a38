package session

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Lookup returns the session sid of a user or a client in one round trip. ErrNotFound says that it is over or another's,
// ErrBlocked that the user's roles are being changed, ErrStale that they have been and the session must be refreshed. It
// notes, at most once a minute, that the session was seen.
func (s *Store) Lookup(ctx context.Context, holder, sid string) (Session, error) {
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
var lookupScript = redis.NewScript(prelude + `
local sid = ARGV[3]
local session, flat = live(sid)
if not session or holder(session) ~= ARGV[4] then return {'none'} end
local held = held_back(session.user, session.generation)
if held then return {held} end
if NOW - tonumber(session.seen) >= 60000 then
	local noted = redis.pcall('HSET', session_key(sid), 'seen', ARGV[2])
	if type(noted) == 'table' and noted.err and not string.find(noted.err, 'OOM', 1, true) then return noted end
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

var listScript = redis.NewScript(prelude + `
local found = {'ok'}
for _, sid in ipairs(redis.call('ZRANGE', index_key(ARGV[3]), 0, -1)) do
	local session, flat = live(sid)
	if session then found[#found + 1] = flat end
end
return found
`)
