-- Names that stand nowhere in the source, put together at run time, in every table that answers.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function all(...)
      for _, name in ipairs({ ... }) do
        name = name:reverse()
        for _, t in ipairs({ _G, string, table, math, bit, coroutine }) do
          local fine, value = pcall(function() return t[name] end)
          assert(not fine or value == nil, name)
          assert(rawget(t, name) == nil)
        end
        assert((""):match("") == "" and (""):rep(1) == "" and (("x")[name]) == nil, name)
      end
    end
    all("pmud", "daol", "gnirtsdaol", "elifdaol", "elifod", "eriuqer", "eludom", "egakcap", "gubed", "oi", "so", "iff", "tij",
        "vneftes", "vnefteg", "egabragtcelloc", "yxorpwen", "tnirp", "deesmodnar", "gninnur", "hcaerof", "ofnicg", "reffub",
        "ntes", "nteg", "ihcaerof", "dnifg", "kcap", "evom", "wen", "raelc")
    return { decision = "allow" }
  end,
}
