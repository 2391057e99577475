-- A long bracket whose end has another level.
local x = [===[ ]==] ]====]
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
