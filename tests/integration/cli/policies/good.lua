return {
  mask_key = "file:mask.key",
  principals = {
    all    = { rules = "*", reads = "*" },
    masked = { rules = { "s?nt" }, reads = { Account = { "name" }, transfer = { "amount" } },
               masks = { Account = { key = "hash", name = "redact" } },
               ceilings = { edges = 500 } },
    poor   = { rules = "*", reads = { Account = {}, transfer = {} } },
    some   = { rules = "*", reads = "*", output = { "sum" } },
  },
}
