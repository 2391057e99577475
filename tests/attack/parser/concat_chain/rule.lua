-- `..` nests to the right, too: 20,000 pieces.
local x = ""
--@ 20000 .."x"
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
