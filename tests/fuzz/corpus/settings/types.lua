return { server = 5, auth = { tokens = "x", peers = { 1, {}, { name = 1 } }, certificates = { { name = "a", subject = "x" } } }, audit = { masks = { {}, 5 } } }
