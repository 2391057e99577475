-- One list of a million links: the collector walks it from its head.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local list
    for i = 1, 30000 do list = { list } end
    while true do local _ = {} end
  end,
}
