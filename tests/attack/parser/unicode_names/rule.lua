-- Names of other alphabets, from right to left, of no width.
local αא​‮ = 1
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
