-- Times that are no times, and times at the ends of what there is.
return {
  name      = "hostile",
  reads     = { Account = { "risk", "balance", "kind", "opened" }, Person = {},
                transfer = { "amount" }, own = { "share" } },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local set = request.node:outgoing("transfer")
    local all = set:count()
    for _, method in ipairs({ "since", "after", "up_to", "before" }) do
      for _, t in ipairs({ 0 / 0, "1", {}, true, set, request.node }) do
        assert(not pcall(set[method], set, t), method)
      end
      assert(not pcall(set[method], set))
    end
    assert(not pcall(set.between, set, 1) and not pcall(set.between, set, 0 / 0, 1))
    for _, big in ipairs({ 1 / 0, 1e300, 2 ^ 63, 2 ^ 64 }) do
      assert(set:since(-big):count() == all and set:since(big):count() == 0)
      assert(set:after(-big):count() == all and set:after(big):count() == 0)
      assert(set:up_to(big):count() == all and set:up_to(-big):count() == 0)
      assert(set:before(big):count() == all and set:before(-big):count() == 0)
      assert(set:between(-big, big):count() == all and set:between(big, -big):count() == 0)
      assert(set:since(big):sum("amount") == 0 and set:before(-big):nodes():count() == 0)
    end
    assert(set:since(5):before(4):count() == 0)
    return { decision = "allow" }
  end,
}
