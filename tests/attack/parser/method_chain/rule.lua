-- Methods of methods.
local function never() local f local x = f
--@ 15000 :m()
end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
