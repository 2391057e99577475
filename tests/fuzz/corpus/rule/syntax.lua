return { name = "x", evaluate = function( end
