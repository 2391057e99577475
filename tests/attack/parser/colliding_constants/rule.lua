-- Constants that fall into one chain of the table that the parser keeps of them: whole multiples
-- of 2^53.
local x
--@ 12000 x=0x%d00000000.8p9\n
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
