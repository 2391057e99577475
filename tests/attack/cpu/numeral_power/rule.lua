-- By ^ and %.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = "1e" .. "308"
    while true do local x = s ^ 1 % s end
  end,
}
