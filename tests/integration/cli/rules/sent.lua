return {
  name        = "sent",
  description = "How much an account sent",
  params      = {
    window    = { type = "duration", default = "30d" },
    threshold = { type = "integer", default = 2, min = 1 },
    note      = { type = "string", default = "" },
  },
  reads       = { Account = { "name" }, transfer = { "amount" } },
  decisions   = { "allow", "review", "deny" },
  fallback    = "review",
  returns     = "map",
  limits      = { instructions = 1e5, edges = 1000 },

  evaluate = function(_, request)
    local params = request.params
    local sent = request.node:outgoing("transfer"):since(request.now - params.window)
                             :up_to(request.now)
    local payees = sent:distinct()
    return {
      decision = payees >= params.threshold and "deny" or "allow",
      score    = payees / params.threshold,
      reasons  = { ("%d payees"):format(payees), "sent by " .. tostring(request.node) },
      output   = { sum = sent:sum("amount"), payees = payees, note = params.note,
                   key = request.node.key, name = request.node.name },
      updated_nodes = { { label = "Account", key = request.node.key, set = { open = false } } },
    }
  end,
}
