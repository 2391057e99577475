#!/bin/sh -c 'rm -rf /'
-- A first line for a shell.
return { name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny", evaluate = function() return { decision = "allow" } end }
