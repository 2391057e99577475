-- A description of a megabyte.
local s = ('x'):rep(300000)
return { name = "hostile", description = s, reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
