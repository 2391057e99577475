local function largest(edges)
  local most, last = 0, nil
  for edge in edges:each() do
    if edge.amount > most then
      most = edge.amount
    end
    last = edge.target
  end
  return most, last
end

return {
  name      = "ways",
  params    = { above = { type = "number", default = 60 }, fail = { type = "boolean", default = false } },
  reads     = { Account = { "name" }, transfer = { "amount" } },
  decisions = { "allow", "review", "deny" },
  fallback  = "review",

  evaluate = function(_, request)
    local node, name = request.node, request.node.name
    local recent = node:outgoing("transfer"):up_to(request.now):where("amount", ">", 5)
    local most, last = largest(recent:latest(3))
    local decision = "review"
    if recent:count() == 0 then
      decision = "allow"
    elseif most > request.params.above then
      decision = "deny"
    end
    if request.params.fail then
      error("asked to fail")
    end
    return { decision = decision, score = most, output = { last = last, name = name } }
  end,
}
