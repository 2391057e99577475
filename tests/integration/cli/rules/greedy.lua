return {
  name        = "greedy",
  description = "Declares more than an engine allows",
  fallback    = "none",
  limits      = {
    memory = "64MiB",
    edges  = 100,
    output = "4MiB", time = "60s",
    instructions = 2e9,
  },
  evaluate    = function() return {} end,
}
