-- find and match that begin behind the end, before the beginning, or nowhere.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, place in ipairs({ 0, 4, 5, 100, 2 ^ 31, 2 ^ 63, -4, -100, -2 ^ 63, 1 / 0, -1 / 0, 0 / 0, 1.5 }) do
      for _, plain in ipairs({ true, false }) do
        pcall(string.find, "abc", "b", place, plain)
        pcall(string.find, "abc", "", place, plain)
        pcall(string.find, "", "", place, plain)
      end
      pcall(string.match, "abc", "().", place)
      pcall(string.match, "abc", "^b", place)
    end
    return { decision = "allow" }
  end,
}
