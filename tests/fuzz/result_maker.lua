-- Builds a value by a stack machine whose program is the parameter `code` and returns it in the
-- place asked for, with what it thinks of it in words; fuzz_result.c.
local MOST = 400
local function make(code, me, edge, set)
  local stack, made, sizes, n, at = {}, {}, {}, 0, 1
  local function byte() local b = code:byte(at) or 0 at = at + 1 return b end
  local function text() local from = at + 1 local k = byte() % 16 at = from + k
    return code:sub(from, from + k - 1) end
  local function push(v) if n < MOST then n = n + 1 stack[n] = v end end
  local function pop() if n == 0 then return nil end
    local v = stack[n] stack[n] = nil n = n - 1 return v end
  local function top() if type(stack[n]) ~= 'table' then
    local t = {} made[#made + 1] = t push(t) end return stack[n] end
  -- not by #t: which border that is differs from state to state where strings are keys as well
  local function append() local v = pop() local t = top()
    sizes[t] = (sizes[t] or 0) + 1 t[sizes[t]] = v end
  local odd = { 0 / 0, 1 / 0, -1 / 0, -0, 2 ^ 53, 2 ^ 53 + 2, -2 ^ 53, 2 ^ 63, 2 ^ 64, 0.5,
    1e308, 5e-324, 2 ^ 31, -2 ^ 31, 2 ^ 32, 255, 256, 65535, 65536, -32, -33, -128, -129 }
  local metas = { {}, { __index = function() error('index') end }, { __metatable = 'no' },
    { __tostring = function() return 'x' end }, { __len = function() return 7 end } }
  local ops = {
    function() push(nil) end, function() push(true) end, function() push(false) end,
    function() push(byte()) end, function() push(-byte() * byte()) end,
    function() push(odd[byte() % #odd + 1]) end,
    function() push((byte() * 256 + byte()) * 2 ^ (byte() - 128)) end,
    function() push(text()) end, function() push(text():rep(byte())) end,
    function() push('\255\254' .. text()) end,
    function() local t = {} made[#made + 1] = t push(t) end,
    function() local t = {} made[#made + 1] = t push(t) end,
    append, append,
    function() local v, k = pop(), pop() local t = top()
      if k ~= nil and k == k then rawset(t, k, v) end end,
    function() local v, k = pop(), text() rawset(top(), k, v) end,
    function() local v, k = pop(), byte() - 5 rawset(top(), k, v) end,
    function() push(made[byte() % (#made + 1)]) end,
    function() setmetatable(top(), metas[byte() % #metas + 1]) end,
    function() push(make) end, function() push(coroutine.create(make)) end,
    function() push(({ me, edge, set, string, _G })[byte() % 5 + 1]) end,
    function() local t = top() for i = 1, byte() * 4 do t[i] = i end end,
    function() local t = top() for i = 1, byte() do t['k' .. i] = i end end,
    function() for i = 1, byte() % 48 do push({ (pop()) }) end end,
    function() for i = 1, byte() % 48 do push({ k = pop() }) end end,
    function() push(stack[n]) end, pop,
    function() local a, b = pop(), pop() push(b) push(a) end,
  }
  while at <= #code do ops[byte() % #ops + 1]() end
  return pop()
end
local function show(value, depth)
  local kind = type(value)
  if depth > 40 then error('deep') end
  if kind == 'number' then return ('%.17g'):format(value + 0) end
  if kind == 'string' then return #value .. ':' .. value end
  if kind ~= 'table' then return tostring(value) end
  local parts, numbers, others, least, highest = {}, {}, {}, 1, 0
  for k in pairs(value) do
    local keys = type(k) == 'number' and numbers or others
    keys[#keys + 1] = k
  end
  table.sort(numbers) -- pairs puts 1 to n before other numbers
  if #numbers > 0 then least, highest = numbers[1], numbers[#numbers] end
  local list = #others == 0 and least == 1 and highest == #numbers
  for _, keys in ipairs({ numbers, others }) do
    for _, k in ipairs(keys) do
      local name = list and '' or show(k, depth + 1) .. '='
      parts[#parts + 1] = name .. show(value[k], depth + 1)
    end
  end
  return (list and '[' or '{') .. table.concat(parts, ',') .. (list and ']' or '}')
end
return { name = 'maker', decisions = { 'yes' }, fallback = 'none',
  reads = { transfer = { 'amount' }, Account = {} },
  params = { code = { type = 'string' }, place = { type = 'integer', default = 0 } },
  RETURNS
  evaluate = function(_, request)
    local me, params = request.node, request.params
    local set = me:outgoing('transfer')
    local value = make(params.code, me, set:first(), set)
    if params.place == 1 then return value end
    if params.place == 2 then return { decision = 'yes', reasons = value } end
    if params.place == 3 then return { decision = 'yes', updated_nodes = value } end
    if params.place == 4 then return { decision = 'yes', new_edges = value } end
    if params.place == 5 then return { decision = value, score = value } end
    if params.place == 6 then return { decision = 'yes', output = value } end
    local fine, text = pcall(show, value, 0)
    return { decision = 'yes', output = { text = fine and text or '', value = value } }
  end }
