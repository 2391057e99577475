-- `...` where there is none.
local function f() return ... end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
