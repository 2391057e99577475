local t = {}
for i = 1, 40 do t[i] = ("x"):rep(100000) .. i end
return { name = "hostile", reads = {}, decisions = { "allow" }, fallback = "none", evaluate = function() return { decision = "allow", score = #t } end }
