-- A text that takes LuaJIT 50 us to parse, in a loop while loading, which counts as much.
local s = "1e" .. "308"
while true do local x = s + 0 end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
