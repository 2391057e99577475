-- The rule's own table, its decisions and its evaluate are changed by its own run.
local rule = { name = "mine", more = {} }

return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(rule.evaluate == nil and rule.name == "mine", "changed by an earlier run")
    rule.evaluate, rule.name, rule.more[1] = error, "owned", "owned"
    return { decision = "allow" }
  end,
}
