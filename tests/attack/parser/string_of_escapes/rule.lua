-- A string of 60,000 escapes.
--@ 1 local x = '
--@ 60000 \65
'
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
