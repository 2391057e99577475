-- A string of digits, parsed for each addition: few bytecodes, each charged for its digits.
local s = ('9'):rep(100000)
while true do local _ = s + s end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
