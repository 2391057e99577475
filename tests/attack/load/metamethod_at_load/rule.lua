-- In a metamethod of the globals.
setmetatable(_G, { __index = function() while true do end end })
local x = undefined
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
