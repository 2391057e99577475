-- Patterns that end in the middle of something: the matcher must not read on.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local subject = ("abc%[]()-^$"):rep(3)
    for _, pattern in ipairs({ "%", "[", "[^", "[a", "[a-", "[a-]", "[%", "[%a", "[]", "[]]", "[^]", "[^]]", "(", ")", "()", "(()", "%b", "%bx", "%f", "%fa",
        "%f[", "%f[%", "%0", "%1", "%9", "(a)%2", "a%", "^", "$", "^*", "*", "+", "-", "?", "a**", "a*+", ".-?", "[[:alpha:]]", "%\0", "[\0-\255]", "\0",
        "%z", "[%z]", "(%", "(%b", "%bxx", "[z-a]", "[a-%a]", "[%a-z]", "[%]", "[-]", "[--]", "%f[]", "%f[^", "(.)%1", "^^", "$$", "a$b", "((((()))))" }) do
      pcall(string.find, subject, pattern)
      pcall(string.match, subject, pattern, -1)
      pcall(string.gsub, subject, pattern, "%0")
      pcall(function() for _ in subject:gmatch(pattern) do end end)
      pcall(string.find, "", pattern)
      pcall(string.find, pattern, pattern)
    end
    return { decision = "allow" }
  end,
}
