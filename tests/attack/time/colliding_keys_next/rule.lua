-- next, which looks for the smallest key by going through all.
-- Numbers that all fall into one chain of LuaJIT's hash, which has no seed: the words of a double
-- are chosen so that what the mixing function leaves is the same for all.  At most 57,344.
local function colliding(count)
  local keys = {}
  for exponent = 1, 7 do
    for i = 0, 4095 do
      local h = bit.bor(i * 2, bit.lshift(exponent, 29))
      local low = bit.bxor(bit.rol(h, 14), h) % 2 ^ 32
      local number = math.ldexp(1 + (i * 2 ^ 32 + low) / 2 ^ 52, exponent * 256 - 1023)
      keys[#keys + 1] = number
      keys[#keys + 1] = -number
      if #keys >= count then return keys end
    end
  end
  return keys
end

local function chain(count)
  local t = {}
  for _, key in ipairs(colliding(count)) do t[key] = 1 end
  return t
end
local t = chain(8000)

return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do next(t) end
  end,
}
