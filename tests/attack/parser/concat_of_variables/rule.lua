-- The same with variables, which cannot be folded.
local a local x = a
--@ 300 ..a
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
