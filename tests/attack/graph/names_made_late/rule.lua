-- What the source does not name is not in the image; asked for by a name that is put
-- together at run time it is there all the same, with the same refusals around it.
local function word(...) return table.concat({ ... }) end

return {
  name      = "hostile",
  reads     = { Account = {}, transfer = {} },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local me = request[word("no", "de")]
    local out, back = word("out", "going"), word("in", "coming")
    local many, all = word("co", "unt"), word("nod", "es")
    assert(me[out] == me[out] and me[out] ~= me[back])
    local set = me[out](me, "transfer")
    assert(set[many](set) > 0 and set[many] == set[many])
    local others = set[all](set)
    assert(others[many](others) > 0 and others[many] ~= set[many])
    assert(type(me[word("k", "ey")]) == "string" and me[word("la", "bel")] == "Account")
    assert(type(graph[word("no", "de")]) == "function")
    for _, tail in ipairs({ "\0", "\0x", "x", " " }) do
      assert(not pcall(function() return me[out .. tail] end))
      assert(not pcall(function() return me[word("k", "ey") .. tail] end))
      assert(not pcall(function() return set[many .. tail] end))
    end
    assert(not pcall(function() set[many] = 1 end) and not pcall(function() me[out] = 1 end))
    return { decision = "allow" }
  end,
}
