-- Bytecode as a value is a string like any other: nothing turns it into a function.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local code = "\27LJ\2\0\0\0"
    assert(type(code) == "string" and #code == 7)
    for name, f in pairs(_G) do
      if type(f) == "function" and name ~= "error" then assert(type(select(2, pcall(f, code))) ~= "function" or name == "ipairs" or name == "pairs") end
    end
    return { decision = "allow" }
  end,
}
