return { principals = { a = { masks = { Account = { bag = "redact", serial = { "truncate", 3 }, balance = { "bucket", 1e-300 } }, transfer = { ts = "redact" } } } } }
