local a = 1LL + 2i return { name="x" }
