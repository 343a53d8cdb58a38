package session

import (
	"context"
	"crypto/rand"
	"errors"
	"time"
)

// MaxPerClient is how many sessions a client has at most; a new one ends the one that would end first. They are not
// counted among the user's.
const MaxPerClient = 50

// CreateForClient stores a new session of a client of OAuth and returns it. It has no refresh token. Errors are those of
// Create, and ErrStale or ErrBlocked when the client's generation is not n.ClientGeneration, or it is being deleted.
func (s *Store) CreateForClient(ctx context.Context, n NewClientSession) (Session, error) {
	if !isUser(n.User) || !isUser(n.OAuthClient) || n.User == n.OAuthClient {
		return Session{}, errors.New("session: a session of a client needs the client and a user")
	}
	roles, err := encodeRoles(n.Roles)
	if err != nil {
		return Session{}, err
	}
	now := s.now()
	end := now.Add(s.lifetime)
	if !n.Until.IsZero() && n.Until.Before(end) {
		end = n.Until
	}
	if !end.After(now) {
		return Session{}, errors.New("session: the session would be over before it begins")
	}
	reply, err := s.run(ctx, createForClientScript,
		newID(), n.User, n.Generation, n.OAuthClient, n.ClientGeneration, rand.Text(), millis(end), s.lifetime.Milliseconds(), MaxPerClient,
		"account", n.Account, "roles", roles, "policy", n.Policy, "client", shorten(n.Client), "grants", n.Grants,
		"created", millis(now), "seen", millis(now), "end", millis(end))
	if err != nil {
		return Session{}, err
	}
	made, _, err := decode(reply[0])
	return made, err
}

var createForClientScript = script(`
local sid, user, expected, client, client_expected = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local epoch, deadline, lifetime, kept = ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local held = held_back(user, expected) or held_back(client, client_expected)
if held then return {held} end
redis.call('SET', EPOCH, epoch, 'NX')
for _, first in ipairs(redis.call('ZRANGE', index_key(client), 0, -tonumber(kept))) do
	finish(first, {user = user, oauth_client = client})
end
redis.call('HSET', session_key(sid), 'id', sid, 'user', user, 'generation', expected, 'oauth_client', client,
	'epoch', redis.call('GET', EPOCH), unpack(ARGV, 12))
keep(sid, client, deadline, lifetime)
redis.call('PEXPIRE', generation_key(user), lifetime)
return {'ok', redis.call('HGETALL', session_key(sid))}
`)

// EndClient ends all sessions of a client, whose user this is, and keeps it from having new ones for ttl. It is to be
// called before the client is deleted, with a ttl that is longer than that can take: when the deletion fails, the client is
// held back for that time, and no longer. It returns how many sessions there were.
func (s *Store) EndClient(ctx context.Context, user, client string, ttl time.Duration) (int, error) {
	if !isUser(user) || !isUser(client) || ttl < time.Millisecond {
		return 0, errors.New("session: to end the sessions of a client needs the client, its user and a time")
	}
	reply, err := s.run(ctx, endClientScript, user, client, millis(s.now().Add(ttl)), ttl.Milliseconds(), (s.lifetime + ttl).Milliseconds())
	if err != nil {
		return 0, err
	}
	ended, err := number(reply, 0)
	return int(ended), err
}

var endClientScript = script(`
local user, client, deadline, ttl, lifetime = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local ended = 0
log_before()
renew(client, lifetime)
redis.call('SET', block_key(client), deadline, 'PX', ttl)
for _, sid in ipairs(redis.call('ZRANGE', index_key(client), 0, -1)) do
	if live(sid) then ended = ended + 1 end
	finish(sid, {user = user, oauth_client = client})
end
return {'ok', ended}
`)
