-- Large buffers given up in the middle by errors: patterns, formats, concatenations that fail at
-- their end.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s, list = ("x"):rep(20000), {}
    for i = 1, 200 do list[i] = s:sub(1, 100) end
    list[201] = {}
    for _ = 1, 60 do
      assert(not pcall(string.gsub, s, "x", function() return {} end))
      assert(not pcall(string.gsub, s .. "y", ".", function(c) if c == "y" then error("late") end end))
      assert(not pcall(table.concat, list))
      assert(not pcall(string.format, ("x"):rep(10000) .. "%s%s", s))
    end
    return { decision = "allow" }
  end,
}
