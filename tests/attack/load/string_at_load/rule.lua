-- A string that doubles.
local s = 'x'
while true do s = s .. s end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
