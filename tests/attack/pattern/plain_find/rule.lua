return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("a"):rep(100000)
    local needle = ("a"):rep(50000) .. "b"
    while true do s:find(needle, 1, true) end
  end,
}
