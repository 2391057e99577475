-- One line of 250 KB, which a message may quote.
local s = '
--@ 250000 x
' x y
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
