-- A loop of more bytecodes than a jump can span.
while x do
--@ 17000 y=z 
 end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
