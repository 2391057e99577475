-- 30,000 different strings in one function.
local t = {
--@ 22000 's%d',
}
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
