-- Names of fields that are long, hold NUL bytes, look like paths or formats.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for _, name in ipairs({ ("n"):rep(10000), "no\0de", "%s%n", "../../etc/passwd", "\27[2J", "now ", "", "\255\254", "nodee", ("now"):rep(100) }) do
      for _, object in ipairs({ graph, request, request.params, string }) do pcall(function() return object[name] end) end
    end
    return { decision = "allow" }
  end,
}
