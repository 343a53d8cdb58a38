package apq

import "github.com/redis/go-redis/v9"

// prelude begins every script. There is a hash of texts, a sorted set of when each was used last, and a number of the
// bytes that the texts have together. All three expire together when none of them is used any more.
const prelude = `
local TEXTS, USED, BYTES = KEYS[1], KEYS[2], KEYS[3]
local NOW, LIFETIME, HASH = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]

-- use notes that a document is in use. The clocks of gateways differ, and none goes back.
local function use()
	local last = tonumber(redis.call('ZSCORE', USED, HASH) or 0)
	redis.call('ZADD', USED, string.format('%.0f', math.max(last, NOW)), HASH)
	for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, LIFETIME) end
end

local function drop(hash)
	redis.call('DECRBY', BYTES, redis.call('HSTRLEN', TEXTS, hash))
	redis.call('HDEL', TEXTS, hash)
	redis.call('ZREM', USED, hash)
end
`

// loadScript returns a text, or nil.
var loadScript = redis.NewScript(prelude + `
local used = tonumber(redis.call('ZSCORE', USED, HASH) or 0)
local text = redis.call('HGET', TEXTS, HASH)
if not text or used <= NOW - LIFETIME then return false end
use()
return text
`)

// saveScript keeps a text and makes room for it.
var saveScript = redis.NewScript(prelude + `
local TEXT, COUNT, MOST = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])

-- Where one of the three was lost, as to a Redis that evicts, the others do not say how much there is.
if redis.call('HLEN', TEXTS) ~= redis.call('ZCARD', USED) or redis.call('EXISTS', BYTES) ~= redis.call('EXISTS', TEXTS) then
	redis.call('DEL', TEXTS, USED, BYTES)
end
if redis.call('HSETNX', TEXTS, HASH, TEXT) == 1 then redis.call('INCRBY', BYTES, #TEXT) end
use()
for _, old in ipairs(redis.call('ZRANGEBYSCORE', USED, '-inf', NOW - LIFETIME, 'LIMIT', 0, 100)) do drop(old) end
while redis.call('ZCARD', USED) > COUNT or tonumber(redis.call('GET', BYTES)) > MOST do
	drop(redis.call('ZRANGE', USED, 0, 0)[1])
end
return 1
`)
