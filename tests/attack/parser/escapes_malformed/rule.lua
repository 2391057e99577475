-- Escapes in strings that are none.
local x = '\xg' .. '\400' .. '\u{110000000}'
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
