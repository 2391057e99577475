-- evaluate is a table that can be called.
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = setmetatable({}, { __call = function() end }) }
