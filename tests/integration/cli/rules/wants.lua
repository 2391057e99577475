return {
  name        = "wants",
  description = "Proposes what fits and what does not",
  params      = { name = { type = "string" } },
  reads       = { Account = { "open" }, transfer = { "amount" } },
  decisions   = { "allow" },
  fallback    = "allow",

  evaluate = function(_, request)
    local account = request.node
    return {
      decision      = "allow",
      updated_nodes = {
        { label = "Account", key = account.key,
          set = { open = false, name = request.params.name } },
        { label = "Account", key = account.key, set = { opne = false } },
      },
      new_edges     = {
        { type = "transfer", from = account, to = account, time = request.now,
          properties = { amount = 1.5 } },
        { type = "transfer", from = account, to = { label = "Account", key = "77" },
          time = request.now, properties = { amount = 1.5 } },
      },
    }
  end,
}
