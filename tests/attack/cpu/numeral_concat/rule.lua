-- By table.concat.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = table.concat({ "1", "308" }, "e")
    while true do local x = s + 0 end
  end,
}
