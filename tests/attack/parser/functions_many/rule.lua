-- 6,000 functions in one file: memory many times the source's.
--@ 6000 function f%d() end 
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
