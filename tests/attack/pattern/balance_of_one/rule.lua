-- %b with the same byte for both ends.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("x"):rep(5000)
    while true do for _ in s:gmatch("%bxx") do end end
  end,
}
