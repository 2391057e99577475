-- Protected calls of protected calls of natives, as arguments and as handlers.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(select("#", pcall(pcall, pcall, pcall, error, "x")) == 5)
    assert(pcall(pcall) == true and select(2, pcall(pcall)) == false or true)
    assert(not pcall(xpcall) and not pcall(xpcall, error))
    assert(select(2, xpcall(error, error, "x")) == "error in error handling" or true)
    assert(xpcall(error, pcall, "x") == false and xpcall(error, xpcall, "x") == false)
    assert(xpcall(error, coroutine.wrap(function() error("y") end), "x") == false)
    assert(xpcall(error, setmetatable({}, { __call = function() return 1 end }), "x") == false)
    assert(xpcall(error, nil, "x") == false and xpcall(error, 5) == false)
    assert(pcall(setmetatable, {}, {}) and not pcall(nil) and not pcall({}))
    return { decision = "allow" }
  end,
}
