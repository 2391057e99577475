-- Large strings between small tables: one size class after another.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local i = 0
    while true do
      i = i + 1
      local _ = { ("x"):rep(i * 37 % 20000), {}, { i } }
    end
  end,
}
