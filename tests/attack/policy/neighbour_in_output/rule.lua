-- Such a node returned, or as text.
return {
  name      = "hostile",
  reads     = { Account = {}, own = {} },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local owner = me:incoming("own"):nodes():each()()
    local ok, message = pcall(tostring, owner)
    assert(not ok and not message:find("Person", 1, true))
    for _, field in ipairs({ "key", "label", "name", "x" }) do
      local fine, said = pcall(function() return owner[field] end)
      assert(not fine and not said:find("Person", 1, true), said)
    end
    return { decision = "allow", reasons = { message } }
  end,
}
