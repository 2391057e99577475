-- A table of 50,000 empty tables: 20 times the source.
local t = {
--@ 50000 {},
}
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
