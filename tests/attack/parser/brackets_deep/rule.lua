-- Index within index.
local x = a
--@ 300 [a
--@ 300 ]
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
