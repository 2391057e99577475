-- # of a table that has n + 1, 2 n + 2, 4 n + 4 and so on as keys behind its n elements: LuaJIT
-- gives up its search and counts from 1, for one bytecode.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t, n = {}, 16384
    for i = 1, n do t[i] = true end
    for i = 1, 8 do t["room" .. i] = true end
    local far = n + 1
    while far * 2 < 2 ^ 31 do far = far * 2 end
    while far > n do t[far] = true far = far / 2 end

    while true do local _ = #t end
  end,
}
