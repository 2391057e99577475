-- The text of a NaN has a sign that differs between CPUs; zero's sign and infinity are what they
-- are everywhere.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(("%f"):format(0 / 0) == "nan" and ("%g"):format(-(0 / 0)) == "nan")
    return { decision = "allow", output = { ("%d"):format(2 ^ 63), ("%x"):format(-1), ("%d"):format(1e300), tostring(1 / 0), tostring(-1 / 0), ("%g"):format(-0) } }
  end,
}
