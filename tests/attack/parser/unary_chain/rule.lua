-- `not` and `-` by thousands, which nest without a bracket.
local x =
--@ 20000 not -
1
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
