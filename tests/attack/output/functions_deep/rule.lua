-- A function at the end of a long path with hostile names.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = { function() end }
    for i = 1, 30 do t = { [("k\0\n\27\xff"):rep(50) .. i] = t } end
    return { decision = "allow", output = t }
  end,
}
