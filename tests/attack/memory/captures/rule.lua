-- gmatch's captures, all kept: 32 a match.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local kept, s = {}, ("abcdefgh"):rep(2000)
    for i = 1, 1e9 do
      for a, b, c, d in s:gmatch("((.)(..)(...))") do kept[#kept + 1] = { a .. #kept, b, c, d } end
    end
  end,
}
