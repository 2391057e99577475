-- Columns that are not there, of the wrong set, or named oddly.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local hub = graph:node("Account", 1000)

    local out = graph:node("Account", 1):outgoing("transfer")
    local rows = out:group({ n = "count" })
    local function fails(f, ...)
      local fine, message = pcall(f, ...)
      assert(not fine and type(message) == "string")
    end
    for _, name in ipairs({ "", "m", "n\0", ("n"):rep(32), "N", "by" }) do
      fails(rows.each, rows, name)
      fails(rows.sorted, rows, name)
      fails(rows.rows, rows, "key", name)
      fails(rows.outgoing(rows, "transfer").after, rows:outgoing("transfer"), name)
    end
    for _, spec in ipairs({ { [1] = "count" }, { [true] = "count" }, { [rows] = "count" },
                            { n = rows }, { n = {} }, { n = { sum = rows } }, { n = { sum = "n" } },
                            { n = { sum = "amount", times = 0 / 0, round = -1 } }, { by = 1 },
                            { n = setmetatable({}, { __index = { sum = "amount" } }) } }) do
      fails(out.group, out, spec)
    end
    fails(out.after, out, "n")
    fails(rows.join, rows, out)
    fails(rows.value, rows, 1, "n")
    local scaled = out:group({ n = { sum = "amount", times = 1e308, round = 9 } })
    assert(scaled:max("n") == nil or scaled:max("n") > 1e300)
    assert(out:group({}):count() == rows:count())
    return { decision = "allow" }
  end,
}
