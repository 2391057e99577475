-- A goto to a label outside the function.
::outside:: local function f() goto outside end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
