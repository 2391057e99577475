return {
  principals = {},
  walls = { active = "microvm", canary = "inproc", draft = 7, after = { runs = -1, days = 1e300 } },
  breaker = { crashes = 0, limits = { count = 11, of = 10, within = "soon" }, errors = {}, behind = { "inproc", {} } },
}
