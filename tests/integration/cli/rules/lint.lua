-- A rule that loads and does not do what it seems to.
local function recent(edges, params)
  return edges:since(params.form):latest(5)
end

return {
  name        = "lint",
  description = "Full of faults",
  params      = { from = { type = "timestamp", default = 0 }, spare = { type = "integer", default = 1 } },
  reads       = { Account = { "name" }, transfer = { "amount" } },
  decisions   = { "allow", "review", "deny" },
  fallback    = "allow",
  limits      = { edges = 1000 },

  evaluate = function(_, request)
    local unused = 1
    local kept = 2 -- cordon: disable=CRD203 the next version reads it
    local sent = recent(request.node:outgoing("transfer"), request.params)
    for edge in sent:each() do
      local text = "éé" .. request.node.nmae
      if edge.amount > 5 and text ~= 7 then return { decision = "reveiw" } end
    end
    return { decision = "allow", score = math.flor(sent:sum("amount")) }
  end,
}
