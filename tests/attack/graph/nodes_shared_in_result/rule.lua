-- 2^20 references to one node: each is written with its key and label.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {}, transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = { request.node }
    for _ = 1, 20 do t = { t, t } end
    return { decision = "allow", output = t }
  end,
}
