-- A file that keeps 200 suspended coroutines.
local kept = {}
for i = 1, 200 do kept[i] = coroutine.wrap(function() for k = 1, 1e9 do coroutine.yield(k) end end) kept[i]() end
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() for i = 1, 200 do assert(kept[i]() == 2) end return { decision = "allow" } end }
