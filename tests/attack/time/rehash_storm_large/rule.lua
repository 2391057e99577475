-- The same at the largest cap a host gives without asking twice.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t, n = {}, 32768
    for i = 1, n do t[-i] = i end
    local i = n
    while true do
      t[-(i - n + 1)] = nil
      i = i + 1
      t[-i] = i
    end
  end,
}
