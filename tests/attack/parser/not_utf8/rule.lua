-- Bytes that are no text, outside a string.
local x = 1 + ÿ1
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
