return {
  server = { port = 70000, socket_mode = 660, open_metrics = "yes",
    adress = "x" },
  auth = {
    tokens = {
      { name = "shop", hash = "12", rights = { "evaluate" } },
      { name = "shop", hash = ("0"):rep(64), rights = { "evalute" } },
    },
    peers = { { name = "me", user = "nosuchuser", rights = "read" } },
  },
  audit = { sample = 0, sync = "allways", masks = { { path = "x" } } },
}
