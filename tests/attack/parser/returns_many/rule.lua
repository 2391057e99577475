-- 10,000 returns from one function.
local function f(x)
--@ 8000 if x==%d then return %d end\n
 end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
