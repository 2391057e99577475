-- 2,000 functions, each with upvalues of the one around it.
local a,b,c,d,e,f,g,h
--@ 5000 function f%d() return a,b,c,d,e,f,g,h end 
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
