-- The request is read again and again: each a call into C.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do local _ = request.now, request.node, request.as_of, request.params end
  end,
}
