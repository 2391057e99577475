-- Strings in output that are no text: bytes of all values, half a character, surrogates.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local all = {}
    for i = 0, 255 do all[i + 1] = string.char(i) end
    return { decision = "allow", output = { table.concat(all), "\xed\xa0\x80", "\xe2\x82", "\xc0\x80", ["\xff\0"] = 1 } }
  end,
}
