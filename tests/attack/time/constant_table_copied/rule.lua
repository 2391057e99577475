-- A table constructor of constants is one bytecode that copies all of it.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
        while true do
          local _ = {
    --@ 8000 %d,
          }
        end
  end,
}
