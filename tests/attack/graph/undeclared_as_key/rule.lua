-- The same node as a key of the result.
return {
  name      = "hostile",
  reads     = { Account = {}, transfer = {} },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for edge, other in request.node:incoming("transfer"):each() do
      if not pcall(tostring, other) then
        return { decision = "allow", output = { [other] = 1 } }
      end
    end
  end,
}
