-- A parameter that is a list: what the rule writes into it must not be what the request says from
-- then on.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  params    = { list = { type = "list", element = "integer", default = { 1, 2, 3 } } },
  evaluate  = function(graph, request)
    local list = request.params.list
    assert(#list == 3 and list[1] == 1)
    pcall(function() list[1] = 99 end)
    pcall(table.insert, list, 4)
    pcall(rawset, list, 2, "x")
    local again = request.params.list
    assert(#again == 3 and again[1] == 1 and again[2] == 2, "the request has changed")
    return { decision = "allow" }
  end,
}
