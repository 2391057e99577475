-- A number of 200,000 digits.
local x =
--@ 200000 9
;
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
