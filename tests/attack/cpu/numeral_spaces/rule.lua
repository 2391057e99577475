-- Spaces and a sign before it.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = (" "):rep(20) .. "-" .. "1e308" .. " "
    while true do local x = s + 0 end
  end,
}
