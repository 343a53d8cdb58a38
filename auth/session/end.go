package session

import (
	"context"
)

// End ends the session sid of a user or a client, and returns when no gateway takes it for good any more: whether there was
// such a session. Ending one that is not there is no error.
func (s *Store) End(ctx context.Context, holder, sid string) (bool, error) {
	if !isUser(holder) || !IsID(sid) {
		return false, nil
	}
	reply, err := s.run(ctx, endScript, sid, holder)
	if err != nil {
		return false, err
	}
	ended, err := number(reply, 0)
	return ended > 0, err
}

var endScript = script(`
local sid = ARGV[3]
local kept = redis.call('HMGET', session_key(sid), 'user', 'oauth_client')
local session = {user = kept[1] or nil, oauth_client = kept[2] or nil}
if holder(session) ~= ARGV[4] then
	log_before()
	return {'ok', 0}
end
local ended = live(sid) and 1 or 0
finish(sid, session)
return {'ok', ended}
`)

// EndAll is End for all sessions of a user, and returns how many there were; those of their clients are stale from then on.
// A sign-in that is under way meanwhile, with roles it has read before, is refused with ErrStale.
func (s *Store) EndAll(ctx context.Context, user string) (int, error) {
	if !isUser(user) {
		return 0, nil
	}
	reply, err := s.run(ctx, endAllScript, user, s.lifetime.Milliseconds())
	if err != nil {
		return 0, err
	}
	ended, err := number(reply, 0)
	return int(ended), err
}

var endAllScript = script(`
local user, lifetime = ARGV[3], ARGV[4]
local ended = 0
log('end', user, '')
for _, sid in ipairs(redis.call('ZRANGE', index_key(user), 0, -1)) do
	if live(sid) then ended = ended + 1 end
	redis.call('DEL', session_key(sid), used_key(sid))
end
redis.call('DEL', index_key(user))
renew(user, lifetime)
return {'ok', ended}
`)
