-- The same node as an error value.
return {
  name      = "hostile",
  reads     = { Account = {}, transfer = {} },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for edge, other in request.node:incoming("transfer"):each() do
      if not pcall(tostring, other) then
        error(other)
      end
    end
  end,
}
