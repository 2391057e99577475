-- A millisecond or so of plain Lua: more than an event loop does itself, and soon over.
return {
  name      = "some",
  decisions = { "allow" },
  fallback  = "allow",
  returns   = "integer",
  limits    = { instructions = 1e7, time = "10s" },
  evaluate  = function(_, request)
    local x = request.now
    for i = 1, 20000 do
      x = (x * 31 + i) % 65521
    end
    return { decision = "allow", output = x }
  end,
}
