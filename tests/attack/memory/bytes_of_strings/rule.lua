-- string.byte and back: numbers are larger than bytes.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local kept, s = {}, ("x"):rep(7000)
    for i = 1, 1e9 do kept[i] = { s:byte(1, -1) } end
  end,
}
