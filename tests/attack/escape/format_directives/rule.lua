-- Directives of C that show addresses, write memory, take widths from arguments or positions.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, directive in ipairs({ "%p", "%n", "%hn", "%a", "%A", "%*d", "%1$s", "%ls", "%lld", "%hhd", "%zu", "%Lf", "%m", "%b", "%",
                                 "%100d", "%.100f", "%5", "%-", "%#", "%.", "%0999999999d", "%.999999999f", "%%%", "%\0s", "%v", "%k" }) do
      assert(not pcall(string.format, directive, 1, 2, 3), directive)
    end
    for _, directive in ipairs({ "%5%", "%d%%", "%%" }) do pcall(string.format, directive, 1) end
    assert(not pcall(string.format, "%s") and not pcall(string.format, "%d", "x") and not pcall(string.format, "%d", {}))
    assert(not pcall(string.format, "%c") and not pcall(string.format))
    assert(("%s %s %s"):format(nil, true, {}) == "nil true table")
    return { decision = "allow" }
  end,
}
