-- Line ends of every kind, in strings, comments and between.
local x = 'a\
b' --clocal y

-- d
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
