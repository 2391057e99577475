return {
  name      = "velocity",
  params    = { limit = { type = "integer", default = 10 }, window = { type = "duration", default = "1h" } },
  reads     = { Account = {}, transfer = { "amount" } },
  decisions = { "allow", "deny" },
  fallback  = "allow",
  evaluate = function(graph, request)
    local sent = request.node:outgoing("transfer"):since(request.now - request.params.window)
    local n = sent:count()
    if n > request.params.limit then
      return { decision = "deny", score = n / 10, reasons = { n .. " transfers" } }
    end
    if n == 77 then
      return { decision = "deny" }
    end
    return { decision = "allow", score = n / 10, reasons = { n .. " transfers" }, output = { sum = sent:sum("amount") } }
  end,
}
