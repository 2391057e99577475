-- The same for memory, which a merged loop takes as it goes.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local loops = {}
    while true do
      coroutine.wrap(function()
        loops[#loops + 1] = request.node:both("transfer"):each()
      end)()
      loops[#loops]()
    end
  end,
}
