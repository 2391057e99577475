-- 10,000 breaks out of one loop.
while x do
--@ 10000 if x then break end 
end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
