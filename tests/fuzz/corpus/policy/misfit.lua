return { principals = { a = { reads = { Acount = "*" }, masks = { Acount = { key = "redact" } } } } }
