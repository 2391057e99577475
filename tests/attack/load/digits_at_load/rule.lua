-- A string of digits, parsed for each addition: few instructions, much time.
local s = ('9'):rep(100000)
while true do local _ = s + s end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
