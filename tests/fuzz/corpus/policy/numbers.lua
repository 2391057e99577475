return { principals = { a = { hops = 0/0, audit = 1/0, ceilings = { time = 1e300, edges = 2^63 } } } }
