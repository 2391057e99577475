-- Ten thousand parentheses behind each other.
local x
--@ 10000 x=(((1)))\n
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
