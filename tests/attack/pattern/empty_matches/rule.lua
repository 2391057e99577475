-- Patterns that match nothing at every place.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("x"):rep(3000)
    while true do s:gsub("", "") s:gsub("y*", "") for _ in s:gmatch("") do end end
  end,
}
