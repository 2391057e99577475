-- Thousands of short strings with the same sparse hash: LuaJIT hashes them again, all of each.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local kept = {}
    while true do
      for i = 1, 3000 do kept[i] = ("abcd%s%06d%smnopqrstuvwxyz"):format(("-"):rep(30), i, ("+"):rep(30)) end
    end
  end,
}
