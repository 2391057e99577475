-- 1,100 labels.
--@ 1100 ::l%d:: 
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
