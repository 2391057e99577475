-- The snapshot has it, the rule did not say so: nothing of it can be read on any path.
return {
  name      = "hostile",
  reads     = { Account = { "balance" }, transfer = {} },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request.node
    local function refused(...)
      local fine, why = pcall(...)
      assert(not fine and why:find("not in this rule's reads", 1, true), tostring(why))
    end
    refused(function() return me.pin end)
    refused(function() return me.risk end)
    refused(me.outgoing, me, "hide")
    refused(me.incoming, me, "own")
    refused(graph.node, graph, "Secret", "s1")
    refused(graph.node, graph, "Person", "ann")
    local edges = me:outgoing("transfer")
    local nodes = edges:nodes()
    refused(function() return edges:first().code end)
    refused(edges.sum, edges, "code")
    refused(edges.where, edges, "code", "==", 7)
    refused(edges.top, edges, 1, "code")
    refused(edges.largest, edges, 1, "code")
    refused(nodes.outgoing, nodes, "hide")
    refused(nodes.of, nodes, "Secret")
    for _, name in ipairs({ "pin", "risk", "word", "name" }) do
      assert(not pcall(nodes.where, nodes, name, "~=", "") and not pcall(nodes.max, nodes, name))
      assert(not pcall(nodes.top, nodes, 1, name))
    end
    -- a payer whose label was not declared is met on the way, and stays without a face
    local strangers = 0
    for edge, other in me:incoming("transfer"):each() do
      local fine, why = pcall(function() return other.label end)
      if not fine then
        strangers = strangers + 1
        assert(why:find("label Person is not in this rule's reads", 1, true), why)
        refused(function() return other.key end)
        refused(function() return other.name end)
        refused(tostring, other)
        refused(string.format, "%s", other)
        refused(function() return edge.source.key end)
        for node in graph:set({ other }):each() do refused(function() return node.key end) end
        assert(not pcall(error, other) and not pcall(assert, false, other))
      end
    end
    assert(strangers == 1)
    return { decision = "allow" }
  end,
}
