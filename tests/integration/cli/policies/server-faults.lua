return {
  server = {
    port = 70000,
    socket_mode = 660,
    adress = "127.0.0.1",
  },
  auth = {
    tokens = {
      { name = "shop", hash = "12", rights = { "evaluate" } },
      { name = "till", rights = { "evalute" } },
    },
  },
  log = { level = "loud" },
}
