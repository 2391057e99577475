-- Some two thirds of a millisecond of plain Lua: what a server has most of its time to do with, so that
-- too many requests are seen (server.py).
return {
  name      = "busy",
  reads     = { Account = { "risk" } },
  decisions = { "allow", "review" },
  fallback  = "review",
  returns   = "integer",
  limits    = { instructions = 2e6, time = "1s" },

  evaluate = function(_, request)
    local x = request.node.risk
    for i = 1, 20000 do
      x = (x * 31 + i) % 65521
    end
    return { decision = x % 2 == 0 and "allow" or "review", output = x }
  end,
}
