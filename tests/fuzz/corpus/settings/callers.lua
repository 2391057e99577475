return { auth = { tokens = { { name = "shop", hash = ("01"):rep(32), rights = { "evaluate", "read" }, principal = "p" } },
 peers = { { name = "me", user = "root", rights = "read" } } }, trace = { sample = 0.25 }, audit = { sync = "always" } }
