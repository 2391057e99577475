-- Positions and counts at the ends of 32 and 64 bits in every function that takes one.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local edges = {}
    for _, power in ipairs({ 30, 31, 32, 52, 53, 62, 63, 64 }) do
      for _, delta in ipairs({ -1, 0, 1 }) do
        edges[#edges + 1] = 2 ^ power + delta
        edges[#edges + 1] = -(2 ^ power) + delta
      end
    end
    for _, a in ipairs(edges) do
      for _, b in ipairs(edges) do
        assert(type(("abc"):sub(a, b)) == "string")
        pcall(string.byte, "abc", a, b) pcall(string.find, "abc", "b", a) pcall(string.gsub, "abc", "b", "c", a)
        pcall(unpack, { 1 }, a, b) pcall(table.concat, { "a" }, "", a, b) pcall(select, a, b)
        pcall(table.remove, { 1 }, a) pcall(string.char, a) pcall(bit.tohex, a, b) pcall(bit.lshift, a, b) pcall(bit.rol, a, b)
        pcall(math.ldexp, a, b) pcall(tonumber, "11", a) pcall(string.format, "%c%d%x", a, b, a) pcall(math.fmod, a, b)
      end
    end
    return { decision = "allow" }
  end,
}
