-- A parameter whose default is a list of 10,000 elements.
local t = {}
for i = 1, 10000 do t[i] = i end
return { name = "hostile", params = { list = { type = "list", element = "integer", default = t } }, reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function(_, request) assert(#request.params.list == 10000) return { decision = "allow" } end }
