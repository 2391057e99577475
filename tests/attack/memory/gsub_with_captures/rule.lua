-- A replacement that names the whole match a thousand times.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    return { decision = (("x"):rep(1000):gsub(".*", ("%0"):rep(1000))) }
  end,
}
