-- A present before anything happened: an empty graph, no error.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = "transfer"
    local hub = graph:node("Account", 1000)
    for _, set in ipairs({ hub:outgoing(t), hub:both(t), hub:incoming(t), graph:set({ hub, request.node }):both(t) }) do
      assert(set:count() == 0 and not set:exists() and set:first() == nil and set:sum("amount") == 0)
      assert(set:avg("amount") == nil and set:min("time") == nil and set:max("time") == nil and set:distinct() == 0)
      assert(#set:top(10, "amount") == 0 and set:nodes():count() == 0 and set:each()() == nil)
      assert(set:latest(5):count() == 0 and set:limit(5):since(0):count() == 0 and set:largest(2, "amount"):count() == 0)
    end
    return { decision = "allow" }
  end,
}
