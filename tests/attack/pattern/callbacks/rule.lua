-- A callback for every byte, that asks for a match of its own.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("x"):rep(1000)
    while true do s:gsub(".", function(c) return c:match("(.)") end) end
  end,
}
