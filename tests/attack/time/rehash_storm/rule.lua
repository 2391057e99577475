-- A full hash: a key is cleared and another inserted each turn, and every insertion counts all
-- keys again.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t, n = {}, 4096
    for i = 1, n do t["k" .. i] = i end
    local i = n
    while true do
      t["k" .. (i - n + 1)] = nil
      i = i + 1
      t["k" .. i] = i
    end
  end,
}
