-- A node whose label was not declared, handed to the host instead.
return {
  name      = "hostile",
  reads     = { Account = {}, transfer = {} },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for edge, other in request.node:incoming("transfer"):each() do
      if not pcall(tostring, other) then
        return { decision = "allow", output = { other } }
      end
    end
  end,
}
