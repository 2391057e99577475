-- The same with names.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
        while true do
          local _ = {
    --@ 3000 k%d=1,
          }
        end
  end,
}
