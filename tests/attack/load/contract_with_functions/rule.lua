-- Functions, coroutines and tables where the contract wants words.
return { name = function() end, reads = coroutine.create(pairs), decisions = { {}, pairs }, fallback = {}, tags = pairs, params = 5, limits = "x", returns = 7, evaluate = function() end }
