-- Joined from parts of which none is dear.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "1e" .. 30 .. "8"
    while true do local x = s + 0 end
  end,
}
