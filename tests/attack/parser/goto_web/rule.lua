-- 300 labels, and a goto to each: all are looked at for each.
local function never()
--@ 300 ::l%d:: goto l%d 
end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
