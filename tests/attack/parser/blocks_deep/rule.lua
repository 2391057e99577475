-- `do` within `do`, 300 deep.
--@ 300 do 
--@ 300 end 
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
