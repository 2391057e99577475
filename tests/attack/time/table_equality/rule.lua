return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s, t = ("x"):rep(50000), {}
    while true do t[s] = (t[s] or 0) + 1 s = s:sub(2) .. "y" t = {} end
  end,
}
