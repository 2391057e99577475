-- Operators of other Luas.
local x = 1 // 2 ~ 3 & 4
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
