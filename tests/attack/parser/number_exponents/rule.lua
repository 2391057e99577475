-- Exponents beyond any number, and such as are none.
local x = 1e99999999999999999999 local y = 0x1p-99999999999 local z = 1e
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
