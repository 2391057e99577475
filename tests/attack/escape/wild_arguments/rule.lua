-- Every function of every library with every combination of two odd arguments: errors at worst.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local odd = { 0, -1, 2 ^ 31, -2 ^ 31, 2 ^ 53, -2 ^ 63, 2 ^ 64, 1e308, 1 / 0, -1 / 0, 0 / 0, "", "x", "0x", "1e999", "%", "(", "[", "%b", "%f",
                  "\0", true, {}, { 1, 2, 3 }, function() return 1 end, string, graph, coroutine.create(function() end) }
    local skipped = { ["coroutine.yield"] = true, ["string.rep"] = true, ["_G.error"] = true }
    for _, library in ipairs({ "_G", "string", "table", "math", "bit", "coroutine" }) do
      for name, f in pairs(_G[library]) do
        if type(f) == "function" and not skipped[library .. "." .. name] then
          pcall(f)
          for _, a in ipairs(odd) do
            pcall(f, a)
            pcall(f, "abc", a)
            pcall(f, { 3, 1, 2 }, a)
            for _, b in ipairs(odd) do pcall(f, a, b) pcall(f, "abc", "b", a, b) pcall(f, { 3, 1, 2 }, a, b, 1) end
          end
        end
      end
    end
    return { decision = "allow" }
  end,
}
