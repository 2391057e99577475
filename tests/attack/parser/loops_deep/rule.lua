-- Loops of all kinds within each other.
--@ 60 while 1 do for i=1,2 do for k in f do repeat 
--@ 60 until 1 end end end 
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
