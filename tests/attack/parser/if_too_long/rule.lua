-- A condition around as much.
if x then
--@ 17000 y=z 
 end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
