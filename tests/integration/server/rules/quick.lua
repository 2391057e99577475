-- Little work, and an answer as long as it is asked for.
return {
  name      = "quick",
  params    = { text = { type = "string", default = "" } },
  decisions = { "allow", "review" },
  fallback  = "review",
  returns   = "any?",
  limits    = { instructions = 1e6, time = "10s", output = "64KiB" },
  evaluate  = function(_, request)
    return { decision = "allow", output = request.params.text }
  end,
}
