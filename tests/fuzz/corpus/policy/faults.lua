return { principal = {}, principals = { a = { rulez = 1, hops = -1, masks = { Account = { kind = "hash", x = {} } } },
  b = "c", [1] = 2 }, quotas = { rules = { [3] = {}, z = { burst = 1 } } }, mask_key = 5 }
