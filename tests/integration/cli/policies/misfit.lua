return {
  principals = {
    a = { reads = { Acount = "*", transfer = { "amuont" } },
      masks = { Account = { nmae = "redact" } } },
  },
}
