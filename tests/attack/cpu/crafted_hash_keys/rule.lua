-- Float keys that fall into one chain of the unseeded number hash.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 1e9 do
      t[i * 2 ^ 32] = nil
      t[(i % 2000) * 2 ^ 32] = 1
    end
  end,
}
