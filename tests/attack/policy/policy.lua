-- Whom the cases of this folder are asked for: `with principal NAME`.  The text that no masked
-- principal may ever see: the pin 1234, the kinds card and loan, ann and Ann.
return {
  mask_key = "env:NOT_LOOKED_AT",
  roles = {
    hostile = { rules = { "hostile" }, reads = {
      Account = { "risk", "balance", "kind", "opened", "pin" }, Person = { "name" },
      transfer = { "amount", "code" }, own = { "share" } } },
  },
  principals = {
    open    = "hostile",
    masked  = { role = "hostile", masks = {
      Account  = { pin = "redact", kind = { "truncate", 1 }, balance = { "bucket", 1000 },
                   risk = "hash", opened = { "bucket", "30d" }, key = "hash" },
      Person   = { key = "redact", name = "redact" },
      transfer = { amount = "hash", code = "redact" },
      own      = { share = "redact" } } },
    narrow  = { rules = { "hostile" }, reads = { Account = {}, transfer = {}, own = {} } },
    near    = { role = "hostile", hops = 1 },
    poor    = { role = "hostile", ceilings = { instructions = 5000, edges = 100, output = 200,
                                               memory = "64KiB", nodes = 500 } },
    partial = { role = "hostile", output = { "said" } },
    silent  = { role = "hostile", output = {} },
    other   = { rules = { "cycle", "hostil", "hostile?", "*_hostile" }, reads = "*" },
    tagged  = { tags = { "fraud" }, reads = "*" },
    nobody  = {},
  },
}
