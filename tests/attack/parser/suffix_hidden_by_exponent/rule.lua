-- Suffixes that open the FFI, behind exponents, points, in capital letters.
local x = 0x1.8p1LL
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
