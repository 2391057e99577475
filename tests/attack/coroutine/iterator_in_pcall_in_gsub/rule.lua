-- A loop in a coroutine in an iterator in a pcall in a callback of gsub in a comparator: the
-- limit goes through all.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function spin() while true do end end
    local function iterator()
      return coroutine.wrap(function() pcall(spin) coroutine.yield(1) end)
    end
    while true do
      pcall(table.sort, { 2, 1, 3 }, function()
        local replaced = ("abc"):gsub(".", function()
          pcall(function() for _ in iterator() do end end)
        end)
        return replaced == ""
      end)
    end
  end,
}
