-- In gsub's function.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("1 "):rep(100)
    while true do s:gsub("%d", function(d) return (d .. "e308") * 0 and "1" end) end
  end,
}
