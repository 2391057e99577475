return {
  principals = { desk = { rules = "*", wall = "process" } },
  walls = { draft = "container", canary = "process", active = "inproc", quarantined = "microvm",
            after = { runs = 100000, days = 7.5 } },
  breaker = { crashes = 1, limits = { count = 100, of = 1000 }, errors = { count = 5, within = "10m" },
              behind = { "process", "microvm" } },
}
