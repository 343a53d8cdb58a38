package session

import "github.com/redis/go-redis/v9"

// script makes one of a body, which is that of a function. Its answer comes first; what was logged, if anything was, the
// user it is about, and who follows the log at that moment come after it.
func script(body string) *redis.Script { return redis.NewScript(prelude + body + postlude) }

// prelude begins every script. Times are milliseconds since 1970 by the caller's clock and decide; the expiry of keys,
// by the clock of Redis, only clears away. ARGV begins with the prefix of all keys and the time.
const prelude = `
local PREFIX, NOW = ARGV[1], tonumber(ARGV[2])
local EPOCH = PREFIX .. 'epoch'

local function session_key(sid) return PREFIX .. 'session:' .. sid end
local function used_key(sid) return PREFIX .. 'session:' .. sid .. ':used' end
local function index_key(user) return PREFIX .. 'user:' .. user .. ':sessions' end
local function generation_key(user) return PREFIX .. 'user:' .. user .. ':generation' end
local function block_key(user) return PREFIX .. 'user:' .. user .. ':block' end

local LOG = PREFIX .. 'revocations'
local logged, about = '', ''

-- newest is the id of the last entry of the log.
local function newest()
	local last = redis.call('XREVRANGE', LOG, '+', '-', 'COUNT', 1)[1]
	return last and last[1] or '0-0'
end

-- log tells the caches that something of a user's ended or changed; an empty sid means every session of the user. An entry
-- names the one before it, so that who reads on knows that none is missing. It is written before what it is about is done: a
-- Redis whose memory is full refuses it, and nothing has happened then. A script logs of one user only.
local function log(kind, user, sid)
	logged, about = redis.call('XADD', LOG, 'MAXLEN', '~', '10000', '*', 'kind', kind, 'user', user, 'sid', sid,
		'after', newest()), user
end

-- log_before is for what was done already: by another at the same time, or by the caller, who has not had the answer. It has them
-- wait for the last entry, as if they had written that.
local function log_before() logged = newest() end

-- live returns a session as a table and as Redis gives it, or nil when there is none or it is over.
local function live(sid)
	local flat = redis.call('HGETALL', session_key(sid))
	local session = {}
	for i = 1, #flat, 2 do session[flat[i]] = flat[i + 1] end
	if not session.epoch or session.epoch ~= redis.call('GET', EPOCH) then return nil end
	if not (tonumber(session.deadline) and tonumber(session.deadline) > NOW) then return nil end
	return session, flat
end

-- held_back says why roles of this generation cannot be relied on, or nothing when they can.
local function held_back(user, generation)
	local block = redis.call('GET', block_key(user))
	if block and tonumber(block) > NOW then return 'blocked' end
	if (redis.call('GET', generation_key(user)) or '0') ~= generation then return 'stale' end
	return nil
end

-- keep sets until when a session lasts that stands in the index of this user or client. What belongs to them outlives each
-- of their sessions.
local function keep(sid, user, deadline, lifetime)
	local left = string.format('%.0f', tonumber(deadline) - NOW)
	redis.call('HSET', session_key(sid), 'deadline', deadline)
	redis.call('PEXPIRE', session_key(sid), left)
	redis.call('PEXPIRE', used_key(sid), left)
	redis.call('ZREMRANGEBYSCORE', index_key(user), '-inf', ARGV[2])
	redis.call('ZADD', index_key(user), deadline, sid)
	redis.call('PEXPIRE', index_key(user), lifetime)
	redis.call('PEXPIRE', generation_key(user), lifetime)
end

-- holder is in whose index a session stands.
local function holder(session) return session.oauth_client or session.user end

-- finish ends one session. The log tells of the user's, whoever holds it: their sessions are what caches know.
local function finish(sid, session)
	log('end', session.user, sid)
	redis.call('DEL', session_key(sid), used_key(sid))
	redis.call('ZREM', index_key(holder(session)), sid)
end

-- renew starts the next generation of a user's roles and returns its number.
local function renew(user, lifetime)
	local generation = redis.call('INCR', generation_key(user))
	redis.call('PEXPIRE', generation_key(user), lifetime)
	return generation
end

-- presented returns the live session that a refresh token belongs to, or nil and why not. A token that was used up
-- before ends the session, which is returned as it was: one of the two who hold it has stolen it.
local function presented(sid, hash)
	local session, flat = live(sid)
	if not session then return nil, 'none' end
	if redis.call('ZSCORE', used_key(sid), hash) then
		finish(sid, session)
		return nil, 'reused', flat
	end
	if session.refresh ~= hash then return nil, 'none' end
	return session, flat
end

local function act()
`

// logReply is how many parts the reply has of a script that has logged something.
const logReply = 4

const postlude = `
end
local answer = act()
if answer.err or logged == '' then return answer.err and answer or {answer} end
return {answer, logged, about, redis.call('HGETALL', PREFIX .. 'followers')}
`
