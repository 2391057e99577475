-- Found in another Lua: table.concat from the lowest integer on; next in a for loop that begins
-- in the middle.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(not pcall(table.concat, { [-2 ^ 63] = "" }, "s", -2 ^ 63, 0))
    assert(not pcall(table.concat, { [2 ^ 31 - 1] = "x" }, "", 2 ^ 31 - 1, 2 ^ 31) or true)
    local t = { a = 1, b = 2, c = 3 }
    local n = 0
    for _ in next, t, next(t) do n = n + 1 end
    assert(n == 2)
    for _ in next, string, (next(string)) do n = n + 1 end
    return { decision = "allow" }
  end,
}
