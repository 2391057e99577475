-- Reads no graph.
return {
  name        = "plain",
  description = "Echoes its parameters",
  params      = { big = { type = "integer", default = 0 }, ratio = { type = "number", default = 0 },
                  words = { type = "list", element = "string", default = {} } },
  reads       = {},
  decisions   = { "allow" },
  fallback    = "allow",
  returns     = "map",
  limits      = { instructions = 1e5 },
  evaluate    = function(_, request)
    return {
      decision = "allow",
      output   = { big = request.params.big, ratio = request.params.ratio, now = request.now,
                   as_of = request.as_of, words = request.params.words,
                   random = math.random(1, 1000000) },
    }
  end,
}
