-- Calls with a string, whose results are called with a string.
local function never() local f local x = f
--@ 15000 "x"
end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
