-- Numbers that do not fit an instruction, each a constant of its own.
local x
--@ 18000 x=%d.5\n
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
