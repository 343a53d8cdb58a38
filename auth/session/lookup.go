package session

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Lookup returns the user's session sid in one round trip. ErrNotFound says that it is over, ErrBlocked that the user's
// roles are being changed, ErrStale that they have been and the session must be refreshed. It notes, at most once a
// minute, that the session was seen.
func (s *Store) Lookup(ctx context.Context, user, sid string) (Session, error) {
	if !isUser(user) || !isID(sid) {
		return Session{}, ErrNotFound
	}
	reply, err := s.run(ctx, lookupScript, sid, user)
	if err != nil {
		return Session{}, err
	}
	found, _, err := decode(reply[0])
	return found, err
}

// A Redis whose memory is full cannot note that a session was seen; that alone is no reason to refuse it. Any other
// error is, such as that of a replica, which may be behind.
var lookupScript = redis.NewScript(prelude + `
local sid, user = ARGV[3], ARGV[4]
local session, flat = live(sid)
if not session or session.user ~= user then return {'none'} end
local held = held_back(user, session.generation)
if held then return {held} end
if NOW - tonumber(session.seen) >= 60000 then
	local noted = redis.pcall('HSET', session_key(sid), 'seen', ARGV[2])
	if type(noted) == 'table' and noted.err and not string.find(noted.err, 'OOM', 1, true) then return noted end
end
return {'ok', flat}
`)

// List returns the user's live sessions, those that end first before the others. A user with none has an empty list.
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
