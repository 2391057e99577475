-- A rule whose fields come from __index.
return setmetatable({}, { __index = { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end } })
