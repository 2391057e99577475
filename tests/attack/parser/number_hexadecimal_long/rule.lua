-- The same in base 16, with a point and an exponent.
--@ 1 local x = 0x
--@ 100000 f
;
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
