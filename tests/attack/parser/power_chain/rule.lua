-- `^` nests to the right.
local x = 2
--@ 20000 ^2
;
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
