-- A table constructor whose numeric keys fall into one chain.
local x = {
--@ 9000 [0x%d0000000000.8]=1,
}
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
