-- Many digits before and after the point.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("7"):rep(200) .. "." .. ("7"):rep(200)
    while true do local x = s + 0 end
  end,
}
