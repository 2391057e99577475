-- Little work, and a short limit of time: after some runs it is evaluated on event loops.
return {
  name      = "quick",
  params    = { rounds = { type = "integer", default = 0 }, text = { type = "string", default = "" } },
  decisions = { "allow", "review" },
  fallback  = "review",
  returns   = "any?",
  limits    = { instructions = 1e8, time = "50ms", output = "64KiB" },
  evaluate  = function(_, request)
    local sum = 0
    for i = 1, request.params.rounds do sum = sum + i end
    return { decision = "allow", output = request.params.text }
  end,
}
