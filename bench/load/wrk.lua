-- wrk's requests out of the file that bench_load reads (its path is CORDON_REQUESTS), in order, and one
-- JSON line of what came back.  Each of wrk's threads starts at another place of the file.
local requests = {}
local starts = 0

local function read_requests(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("*a")
  file:close()
  local at = 1
  while at + 4 <= #bytes do
    local a, b, c, d = bytes:byte(at, at + 3)
    local size = a + 256 * (b + 256 * (c + 256 * d))
    requests[#requests + 1] = bytes:sub(at + 4, at + 3 + size)
    at = at + 4 + size
  end
end

function setup(thread)
  thread:set("start", starts)
  starts = starts + 1
end

function init()
  read_requests(os.getenv("CORDON_REQUESTS"))
  start = start * 4999
end

function request()
  start = start + 1
  return requests[start % #requests + 1]
end

function done(summary, latency)
  local seconds = summary.duration / 1e6
  io.write(("{\"load\": \"wrk\", \"seconds\": %.2f, \"requests\": %d, \"per_s\": %.1f, "
            .. "\"p50_us\": %.1f, \"p99_us\": %.1f, \"errors\": %d}\n"):format(
           seconds, summary.requests, summary.requests / seconds, latency:percentile(50),
           latency:percentile(99), summary.errors.connect + summary.errors.read
           + summary.errors.write + summary.errors.status + summary.errors.timeout))
end
