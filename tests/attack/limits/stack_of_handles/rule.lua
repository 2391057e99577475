-- More handles than a call takes.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local handles = {}
    for i = 1, 20000 do handles[i] = request.node end
    return { decision = "allow", score = select("#", unpack(handles)) }
  end,
}
