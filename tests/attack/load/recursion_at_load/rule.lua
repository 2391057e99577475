-- The stack overflows while the file is loaded.
local function down() return 1 + down() end
down()
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
