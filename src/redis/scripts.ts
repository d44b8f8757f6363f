// A partition is a hash: `v` its version, `d` its data. Versions are random and made by whoever writes: a counter in the hash would start
// again after a removal, and a refresh from before a sign-out could then overwrite the next sign-in.
// A client may send a script again when it cannot know whether the first arrived; so each gives the same answer a second time.

/** KEYS: value. Null, or version and data. For clients that have no `readHash`. */
export const readScript = `
local found = redis.call('HMGET', KEYS[1], 'v', 'd')
if not found[1] or not found[2] then return false end
return {'v' .. found[1], 'd' .. found[2]}`

/** KEYS: value. ARGV: new version; what is expected: '*' anything, '-' nothing, '=' and a version; data; ms to live or ''. 1, or 0: conflict. */
export const writeScript = `
local version = redis.call('HGET', KEYS[1], 'v')
if version == ARGV[1] then return 1 end
if ARGV[2] == '-' then
  if version then return 0 end
elseif ARGV[2] ~= '*' then
  if not version or '=' .. version ~= ARGV[2] then return 0 end
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'd', ARGV[3])
if ARGV[4] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1`

/** KEYS: value. */
export const removeScript = `return redis.call('DEL', KEYS[1])`

/** KEYS: the prefix and an opening brace. ARGV: cursor. The next cursor and escaped names, some of them twice or of other prefixes. */
export const listScript = `
local start = KEYS[1]
local pattern = string.gsub(start, '[%*%?%[%]\\\\]', '\\\\%0') .. '*}'
local page = redis.call('SCAN', ARGV[1], 'MATCH', pattern, 'COUNT', 256)
local reply = {'c' .. page[1]}
for _, key in ipairs(page[2]) do reply[#reply + 1] = 'n' .. string.sub(key, #start + 1, -2) end
return reply`

/**
 * KEYS: value, lock, fence. ARGV: owner, ms of the lease, ms to remember the fence. The fencing number, or 0: somebody has it.
 *
 * The fence is a hash: `n` counts the holders, `h` is the one that has not released. Where that one is still there but its lease is over,
 * it may be frozen rather than dead, and go on later. So a takeover moves the partition's version to one that holds the new fencing number:
 * whatever the old holder read is out of date, and its write comes to a conflict even before the new holder has written. (Where there was
 * nothing to read, the first to write wins and the other gets the conflict.)
 */
export const acquireScript = `
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
if holder then return tonumber(redis.call('HGET', KEYS[3], 'n')) or 1 end
local gone = redis.call('HGET', KEYS[3], 'h')
local fence = redis.call('HINCRBY', KEYS[3], 'n', 1)
redis.call('HSET', KEYS[3], 'h', ARGV[1])
redis.call('PEXPIRE', KEYS[3], ARGV[3])
if gone and redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'v', fence .. '.' .. ARGV[1]) end
return fence`

/** KEYS: lock, fence. ARGV: owner, ms of the lease. 1, or 0: somebody else has taken over. A lease that ran out unnoticed goes on. */
export const renewScript = `
local holder = redis.call('GET', KEYS[1])
if holder ~= ARGV[1] and (holder or redis.call('HGET', KEYS[2], 'h') ~= ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`

/** KEYS: lock, fence. ARGV: owner. Takes nothing from anybody else. */
export const releaseScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
if redis.call('HGET', KEYS[2], 'h') == ARGV[1] then redis.call('HDEL', KEYS[2], 'h') end
return 1`
