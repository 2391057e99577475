-- Calls of results of calls.
local function never() local f
--@ 1 local x = f
--@ 15000 ()
;end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
