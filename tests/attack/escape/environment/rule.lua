-- The environment has no name: _ENV is an ordinary word, and functions keep the globals they were
-- made with.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(_ENV == nil)
    local _ENV = { assert = false }
    assert(1 == 1)
    assert(_G._G == _G and rawequal(_G, _G._G))
    return { decision = "allow" }
  end,
}
