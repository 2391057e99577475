-- The language of tests: what a *_test.lua finds beside the sandbox's own library.
--
-- Trusted, and compiled into the command: src/cli/testing/ puts it in front of a test file, in
-- one line so that the file's lines keep their numbers.  So comments stand on lines of their
-- own, and nothing depends on where a line ends.  The file's chunk then gathers tests; nothing
-- runs until the host asks for one by its number, each time in a state as it was when the file
-- had loaded.  A failure is told to the host at once, so that a test cannot catch it away.
local host, pcall, error, type, pairs, tostring, tonumber = host, pcall, error, type, pairs, tostring, tonumber
local setmetatable, select, next, concat, floor = setmetatable, select, next, table.concat, math.floor
local match, gsub, sub, find, format = string.match, string.gsub, string.sub, string.find, string.format
local tests, answers, handed, rule_file = {}, {}, {}, ""
local group = { names = {}, before = {}, after = {} }
local running, failed, asserted, raised, skipped = false, false, 0, nil, nil
local GIVEN_UP = "an assertion failed"
local REASON = "this test is pending"
-- The line `level` calls up, or of the nearest caller of that that has one: 1 is that of whoever
-- calls this.  The file's first line is this text's as well, and taken for none.
local function line_of(level)
  for up = level + 2, level + 5 do
    local _, at = pcall(error, "", up)
    local line = tonumber(match(tostring(at), ":(%d+): $")) or 0
    if line > 1 then return line end
  end
  return 0
end
-- ---- values as text ----
local function text_of(value)
  local ok, text = pcall(tostring, value)
  return ok and text or "a " .. type(value)
end
local show
local function show_table(value, depth)
  local parts, listed = {}, #value
  for i = 1, listed do
    if i > 40 then parts[i] = "..." break end
    parts[i] = show(value[i], depth + 1)
  end
  for key, item in pairs(value) do
    if not (type(key) == "number" and key >= 1 and key <= listed and floor(key) == key) then
      if #parts > 40 then parts[#parts + 1] = "..." break end
      parts[#parts + 1] = (type(key) == "string" and key or "[" .. text_of(key) .. "]") .. " = " .. show(item, depth + 1)
    end
  end
  return #parts == 0 and "{}" or "{ " .. concat(parts, ", ") .. " }"
end
show = function(value, depth)
  depth = depth or 0
  if type(value) == "string" then return '"' .. value .. '"' end
  if type(value) ~= "table" then return text_of(value) end
  if depth > 6 then return "{...}" end
  local ok, text = pcall(show_table, value, depth)
  return ok and text or "a table"
end
local function cut(text)
  return #text > 2000 and sub(text, 1, 2000) .. "..." or text
end
local function short(answer)
  local parts = { "decision " .. (answer.decision or "none") }
  if answer.fallback then parts[1] = parts[1] .. " (the fallback)" end
  if answer.score then parts[#parts + 1] = "score " .. format("%.6g", answer.score) end
  if answer.outcome ~= "ok" then parts[#parts + 1] = "outcome " .. answer.outcome .. (answer.message and ": " .. answer.message or "") end
  for i, reason in pairs(answer.reasons) do
    if i > 5 then parts[#parts + 1] = "..." break end
    parts[#parts + 1] = "reason " .. show(reason)
  end
  return concat(parts, ", ") .. format("; edges %d, instructions %d", answer.cost.edges, answer.cost.instructions)
end
-- ---- failing ----
local function fail(level, message, expected, actual, answer, dearest)
  local told = { line = line_of(level + 1), message = cut(message), dearest = dearest }
  if expected then told.expected, told.actual = cut(expected), cut(actual) end
  if answer then told.answer = cut(short(answer)) end
  failed = true
  pcall(host.fail, told)
  error(GIVEN_UP, 0)
end
local function own_error(message, level)
  message = gsub(text_of(message), "^.-host%.%w+: ", "")
  error(message, level + 1)
end
-- ---- comparing ----
local function is_same(a, b, depth)
  if a == b then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  if depth > 100 then error("the tables nest deeper than 100", 0) end
  for key, value in pairs(a) do
    if not is_same(value, b[key], depth + 1) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end
local function is_near(a, b, tolerance)
  if type(a) ~= "number" or type(b) ~= "number" then return a == b end
  local size = a < 0 and -a or a
  local apart = a > b and a - b or b - a
  return apart <= (tolerance or 1e-9 * (size > 1 and size or 1))
end
-- Each: was it so?  Then what was expected and what came, as text, for the message.
local checks = {}
checks.equal = function(expected, actual) return expected == actual, show(expected), show(actual) end
checks.same = function(expected, actual) return is_same(expected, actual, 0), show(expected), show(actual) end
checks.near = function(expected, actual, tolerance) return is_near(expected, actual, tolerance), show(expected), show(actual) end
checks["true"] = function(value) return value == true, "true", show(value) end
checks["false"] = function(value) return value == false, "false", show(value) end
checks["nil"] = function(value) return value == nil, "nil", show(value) end
checks.truthy = function(value) return not not value, "a value that is true", show(value) end
checks.falsy = function(value) return not value, "false or nil", show(value) end
checks.match = function(pattern, text) return type(text) == "string" and find(text, pattern) ~= nil, "text like " .. show(pattern), show(text) end
for _, name in pairs({ "number", "string", "table", "boolean", "function" }) do
  checks[name] = function(value) return type(value) == name, "a " .. name, show(value) end
end
checks.error = function(body, expected)
  local ok, message = pcall(body)
  if ok then return false, expected == nil and "an error" or "the error " .. show(expected), "no error" end
  if expected == nil then return true, "an error", "the error " .. show(message) end
  local good = message == expected
  if type(expected) == "string" and type(message) == "string" then good = good or find(message, expected, 1, true) ~= nil
  elseif type(expected) == "table" then good = is_same(expected, message, 0) end
  return good, "the error " .. show(expected), "the error " .. show(message)
end
checks.equals, checks.matches, checks.errors = checks.equal, checks.match, checks.error
local own = {}
local is, is_not = {}, {}
for name, check in pairs(checks) do
  is[name] = function(...)
    local good, expected, actual = check(...)
    asserted = asserted + 1
    if not good then fail(2, name == "error" and "the function does not end as expected" or "not as expected", expected, actual) end
    return ...
  end
  is_not[name] = function(...)
    local good, expected, actual = check(...)
    asserted = asserted + 1
    if good then fail(2, "as it should not be", "not " .. expected, actual) end
    return ...
  end
  for _, before in pairs({ "", "is_", "are_", "has_" }) do own[before .. name] = is[name] end
  for _, before in pairs({ "not_", "is_not_", "are_not_", "has_no_" }) do own[before .. name] = is_not[name] end
end
own.is, own.are, own.has, own.was = is, is, is, is
own.is_not, own.are_not, own.has_no, own.no = is_not, is_not, is_not, is_not
-- ---- on answers ----
local function is_answer(value)
  return type(value) == "table" and answers[value] ~= nil
end
local function check_answer(name, check)
  own[name] = function(expected, answer, more)
    if is_answer(expected) and not is_answer(answer) then expected, answer = answer, expected end
    if not is_answer(answer) then error("assert." .. name .. " takes what is expected and an answer of evaluate", 2) end
    asserted = asserted + 1
    local good, wanted, came, message = check(expected, answer, more)
    if not good then fail(2, message or name, wanted, came, answer) end
    return answer
  end
end
local function list_of(value)
  return type(value) == "table" and value or { value }
end
check_answer("decision", function(expected, answer)
  return answer.decision == expected, show(expected), show(answer.decision), "the decision"
end)
check_answer("outcome", function(expected, answer)
  return answer.outcome == expected, show(expected), show(answer.outcome), "the outcome"
end)
check_answer("limit", function(expected, answer)
  return answer.limit == expected, show(expected), show(answer.limit), "the limit that stopped the rule"
end)
check_answer("output", function(expected, answer)
  return is_same(expected, answer.output, 0), show(expected), show(answer.output), "the output"
end)
check_answer("score", function(expected, answer, tolerance)
  local score, good, wanted = answer.score, nil, show(expected)
  if type(expected) == "table" then
    local least, most = expected.at_least, expected.at_most
    good = type(score) == "number" and (not least or score >= least) and (not most or score <= most)
    wanted = (least and "at least " .. show(least) or "") .. (least and most and ", " or "") .. (most and "at most " .. show(most) or "")
  else
    good = is_near(expected, score, tolerance)
  end
  return good, wanted, show(score), "the score"
end)
check_answer("reasons", function(expected, answer)
  if type(expected) == "string" then
    for _, reason in pairs(answer.reasons) do
      if find(reason, expected, 1, true) then return true end
    end
    return false, "one with " .. show(expected), show(answer.reasons), "the reasons"
  end
  return is_same(list_of(expected), answer.reasons, 0), show(expected), show(answer.reasons), "the reasons"
end)
check_answer("proposes", function(expected, answer)
  local wanted = { updated_nodes = expected.updated_nodes or {}, new_edges = expected.new_edges or {} }
  local came = { updated_nodes = answer.updated_nodes, new_edges = answer.new_edges }
  return is_same(wanted, came, 0), show(wanted), show(came), "the proposals"
end)
own.cost_below = function(most, answer)
  if is_answer(most) then most, answer = answer, most end
  if not is_answer(answer) or type(most) ~= "table" then error("assert.cost_below takes a table of limits and an answer of evaluate", 2) end
  asserted = asserted + 1
  local wanted, came = {}, {}
  for name, limit in pairs(most) do
    local used = answer.cost[name]
    if not used then error("cost has no '" .. text_of(name) .. "'; it has instructions, edges, nodes, hops, memory_bytes and output_bytes", 2) end
    if used > limit then
      wanted[#wanted + 1] = "at most " .. text_of(limit) .. " " .. name
      came[#came + 1] = text_of(used) .. " " .. name
    end
  end
  if #wanted > 0 then
    local ok, dearest = pcall(host.dearest, answers[answer])
    fail(2, "the cost", concat(wanted, ", "), concat(came, ", "), answer, ok and dearest or nil)
  end
  return answer
end
own.golden = function(value, name)
  local kept = value
  asserted = asserted + 1
  if is_answer(value) then
    kept = { outcome = value.outcome, limit = value.limit, decision = value.decision, score = value.score, reasons = value.reasons,
      output = value.output, updated_nodes = #value.updated_nodes > 0 and value.updated_nodes or nil,
      new_edges = #value.new_edges > 0 and value.new_edges or nil }
  end
  local ok, differs = pcall(host.golden, name or "", kept)
  if not ok then own_error(differs, 2) end
  if differs then fail(2, differs.message, differs.expected, differs.actual, is_answer(value) and value or nil) end
  return value
end
assert = setmetatable(own, {
  __call = function(_, value, message, ...)
    asserted = asserted + 1
    if not value then fail(2, message ~= nil and text_of(message) or "assertion failed", "a value that is true", show(value)) end
    return value, message, ...
  end,
  __index = function(_, name)
    error("assert has no '" .. text_of(name) .. "'", 2)
  end,
})
-- ---- graphs and the rule ----
local function check_fields(spec, what, allowed, level)
  for key in pairs(spec) do
    if not find(allowed, " " .. text_of(key) .. " ", 1, true) then
      error(what .. " has no field '" .. text_of(key) .. "'; there are" .. gsub(sub(allowed, 1, -2), " (%w)", ", %1"):sub(2), level + 1)
    end
  end
end
fixture = function(spec)
  if type(spec) == "string" then spec = { file = spec } end
  if type(spec) ~= "table" then error('fixture takes a table of nodes and edges, or a file: fixture "ring.graph"', 2) end
  check_fields(spec, "a fixture", " schema nodes edges file ", 2)
  return { schema = spec.schema, nodes = spec.nodes, edges = spec.edges, file = spec.file }
end
rule = function(file)
  if type(file) ~= "string" then error('rule takes a file: rule "other.lua"', 2) end
  rule_file = file
end
-- A long text goes to the host in pieces, once a test, and then by its number.
local function hand_over(text)
  if type(text) ~= "string" or #text < 16000 then return text end
  if not handed[text] then
    local number = 0
    for at = 1, #text, 32000 do number = host.text(number, sub(text, at, at + 31999)) end
    handed[text] = number
  end
  return handed[text]
end
local function graph_of(graph)
  if type(graph) == "string" then return { file = graph } end
  if type(graph) ~= "table" then return graph end
  return { schema = graph.schema, nodes = hand_over(graph.nodes), edges = hand_over(graph.edges), file = graph.file }
end
evaluate = function(spec)
  if type(spec) ~= "table" then error('evaluate takes a table: evaluate { graph = ..., node = "Account:17" }', 2) end
  if not running then error("evaluate is for tests; here they are only gathered", 2) end
  check_fields(spec, "evaluate", " graph rule node now as_of params seed limits ", 2)
  local node, params = spec.node, spec.params
  if type(node) == "table" and node.label and node.key then node = node.label .. ":" .. text_of(node.key) end
  if type(params) == "table" and next(params) == nil then params = nil end
  local ok, graph = pcall(graph_of, spec.graph)
  if not ok then own_error(graph, 2) end
  local asked = { graph = graph, rule = spec.rule or rule_file, node = node, now = spec.now, as_of = spec.as_of, params = params, seed = spec.seed, limits = spec.limits }
  local answer
  ok, answer = pcall(host.evaluate, asked)
  if not ok then own_error(answer, 2) end
  answers[answer] = asked
  return answer
end
print = function(...)
  local parts = {}
  for i = 1, select("#", ...) do parts[i] = text_of((select(i, ...))) end
  local text = cut(concat(parts, "  "))
  if running then pcall(host.print, text) end
end
-- ---- gathering ----
local function gather(name, body, line)
  if running then error("a test cannot be made while one runs", 3) end
  local names = {}
  for i, part in pairs(group.names) do names[i] = part end
  tests[#tests + 1] = { name = text_of(name), names = names, body = body, line = line, group = group }
end
describe = function(name, body)
  if type(body) ~= "function" then error("describe takes a name and a function", 2) end
  if running then error("describe stands outside of tests", 2) end
  local outer = group
  local names = {}
  for i, part in pairs(outer.names) do names[i] = part end
  names[#names + 1] = text_of(name)
  group = { names = names, before = {}, after = {}, outer = outer }
  body()
  group = outer
end
it = function(name, body)
  if body ~= nil and type(body) ~= "function" then error("it takes a name and a function", 2) end
  gather(name, body, line_of(2))
end
pending = function(name)
  if running then
    skipped = name ~= nil and cut(text_of(name)) or REASON
    error(REASON, 0)
  end
  gather(name, nil, line_of(2))
end
context, test, spec = describe, it, it
local function hook(list)
  return function(body)
    if type(body) ~= "function" then error("it takes a function", 2) end
    local to = group[list]
    to[#to + 1] = body
  end
end
before_each, after_each, setup, teardown = hook("before"), hook("after"), hook("before"), hook("after")
-- ---- running ----
local function attempt(body)
  local ok, message = pcall(body)
  if ok or skipped or (failed and message == GIVEN_UP) then return ok end
  if raised == nil then raised = message == nil and "nil" or text_of(message) end
  return false
end
local function hooks(from, list, inner_first)
  local chain, at = {}, from
  while at do
    chain[#chain + 1] = at
    at = at.outer
  end
  for i = 1, #chain do
    local bodies = chain[inner_first and i or #chain + 1 - i][list]
    for k = 1, #bodies do
      if not attempt(bodies[k]) then return false end
    end
  end
  return true
end
local function run(index)
  local one = tests[index]
  running = true
  if hooks(one.group, "before", false) then attempt(one.body) end
  hooks(one.group, "after", true)
  running = false
  local answer = { asserted = asserted, skipped = skipped }
  if raised and not skipped then
    local line, message = match(raised, "^[^\n]-:(%d+): (.*)$")
    answer.line, answer.error = tonumber(line) or 0, cut(message or raised)
  end
  return answer
end
local function listed()
  local all = {}
  for i, one in pairs(tests) do
    all[i] = { name = one.name, names = one.names, line = one.line, pending = one.body == nil }
  end
  return all
end
-- What the host calls at the file's end, with its test_ functions: name, function, line.
cordon_test_file = function(plain_tests)
  for _, one in pairs(plain_tests) do
    if type(one[2]) == "function" then gather(one[1], find(one[1], "^test_") and one[2] or nil, one[3]) end
  end
  return {
    name = "test", reads = {}, decisions = { "done" }, fallback = "none", returns = "any",
    functions = { "dearest", "evaluate", "fail", "golden", "print", "text" },
    params = { index = { type = "integer", default = 0 } },
    limits = { instructions = 2e7, memory = "16MiB", time = "30s", output = "4MiB" },
    evaluate = function(_, request)
      local index = request.params.index
      return { output = index == 0 and { tests = listed(), rule = rule_file } or run(index) }
    end,
  }
end
