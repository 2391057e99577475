-- 20,000 fields of fields.
local function never() local a
--@ 1 local x = a
--@ 20000 .b
--@ 1 \n
return x end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
