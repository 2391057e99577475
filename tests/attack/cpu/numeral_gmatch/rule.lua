-- Captures of gmatch.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for s in ("1e308 1e307 1e306"):gmatch("%S+") do
      while true do local x = s + 0 end
    end
  end,
}
