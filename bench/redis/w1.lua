#!lua name=w1

-- W1 (../rules/w1.lua) as Redis functions, over the same transfers kept in three forms:
--
--   w1_sorted   a sorted set an account: the score is the time, a member "time:payee:cents"
--   w1_rows     a string an account: 16 bytes a transfer (payee, cents, time), in time order
--   w1_columns  a string an account: msgpack of three arrays (times, cents, payees)
--
-- Each is asked with the account and the time, and answers { n, sum, d, c2, s2, score, decision }.
-- Where more than one list is wanted they are fetched by one command.
local DAY = 86400000
local PAYEES = 200

local function answer(risk, n, sum, d, c2, s2)
  local score = risk + 3 * n + 5 * d + math.floor(sum / 100000) + c2 + math.floor(s2 / 1000000)
  return { n, sum, d, c2, s2, score, score >= 600 and 2 or score >= 150 and 1 or 0 }
end

local function keys_of(prefix, payees)
  local keys = {}
  for i = 1, math.min(#payees, PAYEES) do
    keys[i] = prefix .. payees[i]
  end
  return keys
end

local function w1_sorted(_, args)
  local account, now = args[1], args[2]
  local from = "(" .. ("%.0f"):format(tonumber(now) - 30 * DAY)
  local call, match = redis.call, string.match
  local risk = tonumber(call("GET", "risk:" .. account))
  local rows = call("ZRANGEBYSCORE", "z:" .. account, from, now)
  local seen, payees, sum, c2, s2 = {}, {}, 0, 0, 0
  for i = 1, #rows do
    local payee, cents = match(rows[i], ":(%d+):(%d+)")
    sum = sum + cents
    if not seen[payee] then
      seen[payee] = true
      payees[#payees + 1] = payee
    end
  end
  for _, key in ipairs(keys_of("z:", payees)) do
    local onward = call("ZRANGEBYSCORE", key, from, now)
    c2 = c2 + #onward
    for i = 1, #onward do
      s2 = s2 + match(onward[i], ":(%d+)$")
    end
  end
  return answer(risk, #rows, sum, #payees, c2, s2)
end

-- The offset of the first of the rows whose time is later than `time`.
local function row_after(rows, time)
  local field = struct.unpack
  local low, high = 0, #rows / 16
  while low < high do
    local middle = math.floor((low + high) / 2)
    if field("<d", rows, middle * 16 + 9) > time then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

local function w1_rows(_, args)
  local account, now = args[1], tonumber(args[2])
  local from = now - 30 * DAY
  local field = struct.unpack
  local own = redis.call("MGET", "risk:" .. account, "r:" .. account)
  local rows = own[2] or ""
  local seen, payees, n, sum, c2, s2 = {}, {}, 0, 0, 0, 0
  for at = row_after(rows, from) * 16 + 1, #rows, 16 do
    local payee, cents, time = field("<I4I4d", rows, at)
    if time > now then
      break
    end
    n, sum = n + 1, sum + cents
    if not seen[payee] then
      seen[payee] = true
      payees[#payees + 1] = payee
    end
  end
  if n > 0 then
    for _, onward in ipairs(redis.call("MGET", unpack(keys_of("r:", payees)))) do
      if onward then
        for at = row_after(onward, from) * 16 + 1, #onward, 16 do
          local cents, time = field("<I4d", onward, at + 4)
          if time > now then
            break
          end
          c2, s2 = c2 + 1, s2 + cents
        end
      end
    end
  end
  return answer(tonumber(own[1]), n, sum, #payees, c2, s2)
end

-- The index of the first time later than `time`.
local function index_after(times, time)
  local low, high = 1, #times + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if times[middle] > time then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

local function w1_columns(_, args)
  local account, now = args[1], tonumber(args[2])
  local from = now - 30 * DAY
  local first_two = cmsgpack.unpack_limit
  local own = redis.call("MGET", "risk:" .. account, "c:" .. account)
  local seen, payees, n, sum, c2, s2 = {}, {}, 0, 0, 0, 0
  if own[2] then
    local times, cents, to = cmsgpack.unpack(own[2])
    local first = index_after(times, from)
    local last = index_after(times, now) - 1
    n = math.max(last - first + 1, 0)
    for i = first, last do
      local payee = to[i]
      sum = sum + cents[i]
      if not seen[payee] then
        seen[payee] = true
        payees[#payees + 1] = payee
      end
    end
  end
  if n > 0 then
    for _, onward in ipairs(redis.call("MGET", unpack(keys_of("c:", payees)))) do
      if onward then
        local _, times, cents = first_two(onward, 2, 0)
        local first = index_after(times, from)
        local last = index_after(times, now) - 1
        c2 = c2 + last - first + 1
        for i = first, last do
          s2 = s2 + cents[i]
        end
      end
    end
  end
  return answer(tonumber(own[1]), n, sum, #payees, c2, s2)
end

redis.register_function{ function_name = "w1_sorted", callback = w1_sorted, flags = { "no-writes" } }
redis.register_function{ function_name = "w1_rows", callback = w1_rows, flags = { "no-writes" } }
redis.register_function{ function_name = "w1_columns", callback = w1_columns, flags = { "no-writes" } }
redis.register_function{
  function_name = "constant",
  callback = function() return { 1, 2, 3, 4, 5, 6, 0 } end,
  flags = { "no-writes" },
}
