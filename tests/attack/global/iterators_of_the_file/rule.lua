-- Iterators of pairs, gmatch and closures that the file began.
local step, state = pairs({ a = 1, b = 2, c = 3 })
local word = ("one two three"):gmatch("%a+")

return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local k = step(state)
    assert(k == "a", "gone on by an earlier run")
    step(state, k)
    assert(word() == "one")
    word()
    return { decision = "allow" }
  end,
}
