-- Replacements that name captures that are not there, end in an escape, or are of no use.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, replacement in ipairs({ "%", "%%", "%1", "%2", "%9", "%x", "%\0", "%0%0", { a = {} }, { a = true }, { a = false }, { a = 1 / 0 }, {}, 5, 0 / 0,
        function() return {} end, function() return true end, function() end, function() return false end, function(...) return ... end }) do
      pcall(string.gsub, "abc", "(a)", replacement)
      pcall(string.gsub, "abc", "()", replacement)
      pcall(string.gsub, "abc", "a", replacement, 0 / 0)
      pcall(string.gsub, "abc", "^a", replacement, -1)
    end
    for _, nothing in ipairs({ true, coroutine.create(pairs), graph }) do assert(not pcall(string.gsub, "abc", "a", nothing)) end
    return { decision = "allow" }
  end,
}
