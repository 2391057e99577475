return { name = "hostile
