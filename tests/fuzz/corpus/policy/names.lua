return { principals = { [""] = {}, ["a\0b"] = {}, [("x"):rep(200)] = {} } }
