return {
  principals = {
    a = { hops = "far", rulez = "*",
      masks = { Account = { name = "hide" } } },
  },
}
