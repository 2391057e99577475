-- The same with 131,072 elements, also by the functions that ask for a length.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t, n = {}, 131072
    for i = 1, n do t[i] = true end
    for i = 1, 8 do t["room" .. i] = true end
    local far = n + 1
    while far * 2 < 2 ^ 31 do far = far * 2 end
    while far > n do t[far] = true far = far / 2 end

    while true do local _ = #t, table.concat(t, "", 1, 0), unpack(t, 1, 0) end
  end,
}
