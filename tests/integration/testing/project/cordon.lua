return { name = "tested" }
