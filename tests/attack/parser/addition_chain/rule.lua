-- `+` of 40,000 constants, folded one by one.
local x = 1
--@ 40000 +1
;
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
