-- Keys in one chain: few instructions, much time. The deadline of loading ends it.
local t = {}
while true do
  t = {}
  for exponent = 1, 7 do
    for i = 0, 4095 do
      local h = bit.bor(i * 2, bit.lshift(exponent, 29))
      local low = bit.bxor(bit.rol(h, 14), h) % 2 ^ 32
      t[math.ldexp(1 + (i * 2 ^ 32 + low) / 2 ^ 52, exponent * 256 - 1023)] = 1
    end
  end
end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
